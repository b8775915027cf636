"""The type that a config's networks compute in."""

import jax.numpy as jnp
import numpy as np

from data_pipeline.errors import UserError

NAMES = ("float32", "bfloat16", "float64")


def computation_dtype(name: str) -> np.dtype:
    """Return the type that `config.dtype` names, one of `NAMES`.

    Raises:
      UserError: it is no such name.
    """
    if name not in NAMES:
        raise UserError(f"config.dtype: {name!r} is not one of {', '.join(NAMES)}")
    return jnp.dtype(name)
