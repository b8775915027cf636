"""The least time of a step on a TPU chip by its data sheet: the roofline model (Williams et al., CACM 2009)."""

from collections.abc import Sequence

from maskgan_jax.devices.collectives import KINDS, Collective
from maskgan_jax.devices.hardware import PEAK_TFLOPS, TPU_CHIPS


def roofline(
    generation: str,
    operations: float,
    traffic: float,
    model_operations: float | None,
    collectives: Sequence[Collective],
) -> dict[str, float | None]:
    """Return the times that a chip's peaks allow for, by name with units.

    The roofline is the larger of the times of the operations and of the HBM traffic; the collectives' is beside it.

    Args:
      generation: key of `TPU_CHIPS`.
      operations: floating-point operations of a step on one chip.
      traffic: bytes that they read from HBM and write to it.
      model_operations: those of `operations` that the networks' definition asks for, see `model_flops`.
      collectives: of the step. All links are taken to be used, as in rings along every axis of many chips.
    """
    chip = TPU_CHIPS[generation]
    peak = PEAK_TFLOPS[f"TPU {generation}"] * 1e12
    seconds = max(operations / peak, traffic / chip.memory_bandwidth)
    sent = sum(each.sent for each in collectives)
    exposed = sum(each.sent for each in collectives if not each.overlapped)
    return {
        "operations at the bfloat16 peak, ms": operations / peak * 1e3,
        "HBM traffic at the peak, ms": traffic / chip.memory_bandwidth * 1e3,
        "roofline of a step, ms (the larger)": seconds * 1e3,
        "collectives at the peak of all links, ms": sent / chip.link_bandwidth * 1e3,
        "exposed collectives, share of the roofline": exposed / chip.link_bandwidth / seconds,
        "upper bound of model FLOP utilisation": model_operations and model_operations / peak / seconds,
    }


def by_kind(collectives: Sequence[Collective]) -> dict[str, object]:
    """Return the number and the bytes of collectives by kind, and how many bytes are overlapped and exposed."""
    groups = {kind: [each for each in collectives if each.kind == kind] for kind in KINDS}
    listed = {kind: {"count": len(group), "GB": _gigabytes(group)} for kind, group in groups.items() if group}
    return {
        "collectives of a chip": listed,
        "collectives that overlap with work, GB a chip": _gigabytes([each for each in collectives if each.overlapped]),
        "collectives that are exposed, GB a chip": _gigabytes([each for each in collectives if not each.overlapped]),
    }


def _gigabytes(collectives: Sequence[Collective]) -> float:
    return sum(each.size for each in collectives) / 1e9
