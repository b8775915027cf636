"""Several things of one batch sent through a network as one larger batch.

Row by row rather than one after the other: with the batch sharded over devices, an example's n versions then stay on
the device that holds the example, and nothing moves.
"""

import jax.numpy as jnp
from jaxtyping import Array


def interleave(*arrays: Array) -> Array:
    """Makes n arrays (b ...) one (n*b ...): the n versions of example 0, those of example 1, and so on."""
    return jnp.stack(arrays, axis=1).reshape(-1, *arrays[0].shape[1:])


def deinterleave(array: Array, n: int) -> list[Array]:
    """The n arrays that `interleave` put together."""
    grouped = array.reshape(-1, n, *array.shape[1:])
    return [grouped[:, version] for version in range(n)]
