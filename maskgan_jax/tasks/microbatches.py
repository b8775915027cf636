"""A batch in parts, one after another, for batches whose activations do not fit into memory at once."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from maskgan_jax.tasks.rows import deinterleave, interleave


def over_microbatches(
    function: Callable[[Mapping[str, Any]], tuple[PyTree, PyTree]], batch: Mapping[str, Any], count: int
) -> tuple[PyTree, PyTree]:
    """Apply a function to `count` equal parts of a batch and combine the results.

    Every loss but Dice and the cross-entropies of weighted pixels and of known attributes, whose divisors depend on the
    batch's labels, is a mean over examples, so the means of gradients and losses are those of the whole batch. A task
    calls this for each of its updates; accumulating over whole steps, as `optax.MultiSteps` does, would compute G_B's
    gradient before G_A's update. Batch norm uses the statistics of a part and keeps their mean; of the losses named
    above the means over the parts are taken.

    Every part has rows of all devices, so that no row changes its device.

    Args:
      function: of a part of the batch; returns (means, rows): arrays to average over the parts, and arrays with a row
        for each example.
      batch: trees of arrays (b ...).
      count: number of parts, a divisor of b.

    Returns:
      The means, and the rows in the batch's order.
    """
    if count == 1:
        return function(batch)
    parts = jax.tree.map(lambda array: jnp.stack(deinterleave(array, count)), dict(batch))

    def add(sums: PyTree, part: Mapping[str, Any]) -> tuple[PyTree, PyTree]:
        means, rows = function(part)
        return jax.tree.map(jnp.add, sums, means), rows

    shapes, _ = jax.eval_shape(function, jax.tree.map(lambda array: array[0], parts))
    sums, rows = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, shapes), parts)
    return jax.tree.map(lambda array: array / count, sums), jax.tree.map(lambda array: interleave(*array), rows)


def with_entries(
    function: Callable[[Mapping[str, Any]], Mapping[str, PyTree]], batch: Mapping[str, Any], count: int
) -> dict[str, Any]:
    """Return the batch with the entries that a function computes for each example, in `count` parts."""
    _, rows = over_microbatches(lambda part: ((), function(part)), batch, count)
    return {**batch, **rows}
