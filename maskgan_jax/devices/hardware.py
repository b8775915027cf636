"""Facts about the devices: peak arithmetic by name, peak memory as the backend counts it."""

import re

import jax

PEAK_TFLOPS = {
    "NVIDIA A100": 312, "NVIDIA H100": 989, "NVIDIA H200": 989, "NVIDIA L4": 121, "NVIDIA L40": 181, "NVIDIA L40S": 362,
    "NVIDIA V100": 125, "Tesla T4": 65, "Tesla V100": 125, "TPU v2": 23, "TPU v3": 61, "TPU v4": 275,
    "TPU v5 lite": 197, "TPU v5e": 197, "TPU v5p": 459, "TPU v5": 459, "TPU v6 lite": 918, "TPU v6e": 918,
}  # fmt: skip
"""Dense half-precision peak of one JAX device, TFLOP/s, by the first words of its kind (the makers' data sheets)."""


def peak_flops() -> float | None:
    """Return the peak operations per second of a device at half precision; None for a kind without an entry."""
    kind = jax.devices()[0].device_kind
    names = [name for name in PEAK_TFLOPS if re.match(rf"{re.escape(name)}(?!\w)", kind)]
    return PEAK_TFLOPS[max(names, key=len)] * 1e12 if names else None


def peak_memory() -> int | None:
    """Return the peak of bytes in use on this host's first device; None where the backend doesn't count them."""
    return (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
