"""The types of computations in half precision."""

import jax.numpy as jnp
from jaxtyping import Array


def at_least_float32(x: Array) -> Array:
    """Convert half precision to float32; leave float32 and float64 as they are."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
