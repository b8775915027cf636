"""Floating-point operations of a step by the definition of its networks, and their share of the devices' peak."""

import jax
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax import tasks
from maskgan_jax.devices import hardware


def model_flops(config: ConfigDict, state: PyTree, batch: PyTree) -> float | None:
    """Return the floating-point operations of a step over the global batch, as XLA counts them; None where it doesn't.

    Counted of the plain convolutions, on every device: the forms for CPUs do less. Without remat, whose recomputation
    is no model FLOP (Chowdhery et al., 2022, appendix B), and without microbatches, a loop of which XLA counts one
    iteration.

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
    traced = jax.jit(tasks.make(plain).step).trace(state, batch)
    counted = traced.lower(lowering_platforms=("tpu",)).cost_analysis()
    return (counted or {}).get("flops")


def model_flop_utilisation(flops: float | None, seconds: float) -> float | None:
    """Return `flops / seconds` as a share of all devices' half-precision peak; None if either is not known."""
    peak = hardware.peak_flops()
    return flops / seconds / (peak * jax.device_count()) if flops and peak else None
