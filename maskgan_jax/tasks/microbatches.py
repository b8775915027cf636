"""A batch in parts, one after another, for batches whose activations don't fit into memory at once."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from maskgan_jax.tasks.interleaving import deinterleave, interleave


def over_microbatches(
    function: Callable[[Mapping[str, Array]], tuple[PyTree, PyTree]], batch: Mapping[str, Array], count: int
) -> tuple[PyTree, PyTree]:
    """Applies a function to `count` equal parts of a batch and puts together what comes out.

    Every loss here is a mean over examples, so with gradients and losses as the means, an update is that of the whole
    batch. That is why a task calls this once before each of its updates: accumulating over whole steps, as
    `optax.MultiSteps` does, would have G_B's gradient taken where G_A has not moved yet. A network with batch norm
    sees the statistics of a part, as it would on a device of its own, and keeps their mean.

    Every part has rows of all devices, and none of them moves.

    Args:
      function: of a part of the batch, to arrays to take the mean of, and arrays with a row for each example.
      batch: arrays (b ...).
      count: number of parts, a divisor of b.

    Returns:
      The means, and the rows in the batch's order.
    """
    if count == 1:
        return function(batch)
    parts = jax.tree.map(lambda array: jnp.stack(deinterleave(array, count)), dict(batch))

    def add(sums: PyTree, part: Mapping[str, Array]) -> tuple[PyTree, PyTree]:
        means, rows = function(part)
        return jax.tree.map(jnp.add, sums, means), rows

    shapes, _ = jax.eval_shape(function, jax.tree.map(lambda array: array[0], parts))
    sums, rows = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, shapes), parts)
    return jax.tree.map(lambda array: array / count, sums), jax.tree.map(lambda array: interleave(*array), rows)
