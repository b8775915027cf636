"""The type that a config's networks compute in."""

import jax
import jax.numpy as jnp
import numpy as np

from data_pipeline.errors import UserError

NAMES = ("float32", "bfloat16", "float64")


def computation_dtype(name: str, platform: str = "") -> np.dtype:
    """Return the type that `config.dtype` names.

    Args:
      name: one of `NAMES`, or `auto`: bfloat16 on GPUs and TPUs, whose matrix units compute in it, and float32 on CPUs,
        most of which emulate it.
      platform: where the computation will run, as JAX names it; its default backend unless given.

    Raises:
      UserError: it is no such name.
    """
    if name == "auto":
        return jnp.dtype("float32" if (platform or jax.default_backend()) == "cpu" else "bfloat16")
    if name not in NAMES:
        raise UserError(f"config.dtype: {name!r} is not one of auto, {', '.join(NAMES)}")
    return jnp.dtype(name)
