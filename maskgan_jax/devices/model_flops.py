"""How many operations a step takes by the definition of its networks, and which part of the devices' peak that is."""

import jax
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax import tasks
from maskgan_jax.devices import hardware


def model_flops(config: ConfigDict, state: PyTree, batch: PyTree) -> float | None:
    """Floating-point operations of a step over the global batch, by XLA's count; None where it doesn't count.

    What remat computes a second time doesn't count (Chowdhery et al., 2022, appendix B: model FLOPs); of microbatches,
    a loop, XLA would count one.

    Args:
      config: of the run.
      state: the task's state, as arrays or shapes.
      batch: a training batch, as arrays or shapes.
    """
    plain = config.copy_and_resolve_references()
    plain.accumulation_steps = 1
    if "remat" in plain:
        plain.remat = False
    state, batch = (jax.tree.map(lambda each: jax.ShapeDtypeStruct(each.shape, each.dtype), t) for t in (state, batch))
    counted = jax.jit(tasks.make(plain).step).lower(state, batch).cost_analysis()
    return (counted or {}).get("flops")


def model_flop_utilisation(flops: float | None, seconds: float) -> float | None:
    """Which part of all devices' half-precision peak so many operations in so many seconds are; None if not known."""
    peak = hardware.peak_flops()
    return flops / seconds / (peak * jax.device_count()) if flops and peak else None
