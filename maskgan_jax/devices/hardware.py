"""Facts about the devices: peak arithmetic by name, TPU chips, peak memory as the backend counts it."""

import re
from typing import NamedTuple

import jax

PEAK_TFLOPS = {
    "NVIDIA A100": 312, "NVIDIA H100": 989, "NVIDIA H200": 989, "NVIDIA L4": 121, "NVIDIA L40": 181, "NVIDIA L40S": 362,
    "NVIDIA V100": 125, "Tesla T4": 65, "Tesla V100": 125, "TPU v2": 23, "TPU v3": 61, "TPU v4": 275,
    "TPU v5 lite": 197, "TPU v5e": 197, "TPU v5p": 459, "TPU v5": 459, "TPU v6 lite": 918, "TPU v6e": 918,
}  # fmt: skip
"""Dense half-precision peak of one JAX device, TFLOP/s, by the first words of its kind (the makers' data sheets)."""


class TpuChip(NamedTuple):
    """What bounds a step on a TPU chip, beside its peak in `PEAK_TFLOPS`.

    Attributes:
      memory: HBM that a program can use, bytes: the chip's less the runtime's, as libtpu's compiler states it.
      memory_bandwidth: of HBM, bytes/s.
      link_bandwidth: of all links to other chips together, in one direction, bytes/s.
    """

    memory: float
    memory_bandwidth: float
    link_bandwidth: float


TPU_CHIPS = {
    "v4": TpuChip(30.75 * 2**30, 1228e9, 2400e9 / 8),
    "v5e": TpuChip(15.75 * 2**30, 819e9, 1600e9 / 8),
    "v5p": TpuChip(95.73 * 2**30, 2765e9, 4800e9 / 8),
    "v6e": TpuChip(31.24 * 2**30, 1640e9, 3584e9 / 8),
}
"""By generation; bandwidths from Google Cloud's pages "TPU v4", "TPU v5e", "TPU v5p" and "TPU v6e"."""


def peak_flops() -> float | None:
    """Return the peak operations per second of a device at half precision; None for a kind without an entry."""
    kind = jax.devices()[0].device_kind
    names = [name for name in PEAK_TFLOPS if re.match(rf"{re.escape(name)}(?!\w)", kind)]
    return PEAK_TFLOPS[max(names, key=len)] * 1e12 if names else None


def peak_memory() -> int | None:
    """Return the peak of bytes in use on this host's first device; None where the backend doesn't count them."""
    return (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
