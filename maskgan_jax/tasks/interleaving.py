"""Several versions of each example of a batch as one larger batch.

Row by row instead of one version after the other: where the batch is sharded over devices, all versions of an example
stay on the example's device and no data is exchanged.
"""

import jax.numpy as jnp
from jaxtyping import Array


def interleave(*arrays: Array) -> Array:
    """Make n arrays (b ...) one (n*b ...): the n versions of example 0, those of example 1, and so on."""
    return jnp.stack(arrays, axis=1).reshape(-1, *arrays[0].shape[1:])


def deinterleave(array: Array, n: int) -> list[Array]:
    """Return the n arrays that `interleave` put together."""
    grouped = array.reshape(-1, n, *array.shape[1:])
    return [grouped[:, version] for version in range(n)]
