"""The rows of a batch: several versions of each example as one larger batch; each row beside the next one.

Versions of an example are neighbours: where the batch is sharded over devices, all versions of an example stay on the
example's device and no data is exchanged.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree


def interleave(*arrays: Array) -> Array:
    """Make n arrays (b ...) one (n*b ...): the n versions of example 0, those of example 1, and so on."""
    rows, *shape = arrays[0].shape
    return jnp.stack(arrays, axis=1).reshape(len(arrays) * rows, *shape)


def deinterleave(array: Array, n: int) -> list[Array]:
    """Return the n arrays that `interleave` put together."""
    rows, *shape = array.shape
    grouped = array.reshape(rows // n, n, *shape)
    return [grouped[:, version] for version in range(n)]


def next_rows(arrays: PyTree) -> PyTree:
    """Return in each row of all arrays what the next row holds, in the last row what the first holds."""
    return jax.tree.map(lambda array: jnp.roll(array, -1, axis=0), arrays)
