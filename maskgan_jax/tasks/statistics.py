"""Networks whose running statistics move when they are applied in training: batch norm's, spectral norm's."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float, PyTree

from maskgan_jax.tasks.task import Batch, TrainState, Variables
from maskgan_jax.tasks.update import Update, with_batch_stats

Statistics = dict[str, PyTree]
"""Running statistics by network."""

LossAndMore = tuple[Float[Array, ""], tuple[tuple[Any, Statistics], Any]]
"""A loss as `update` wants it: its means are the terms to report and the running statistics after the batch."""


def apply(module: nn.Module, variables: Variables, *inputs: Any, train: bool) -> tuple:
    """Apply a network; return its output and, in training, its running statistics after the batch, else none."""
    if not train:
        return module.apply(variables, *inputs), {}
    output, updated = module.apply(variables, *inputs, train=True, mutable=["batch_stats"])
    return output, updated.get("batch_stats", {})


def with_statistics(params: Mapping[str, PyTree], batch_stats: Statistics) -> dict[str, Variables]:
    """Return variables as Flax takes them, of the networks in `params`."""
    return {
        name: {"params": tree, **({"batch_stats": batch_stats[name]} if name in batch_stats else {})}
        for name, tree in params.items()
    }


def update_with_statistics(
    update: Callable[..., Update],
    state: TrainState,
    name: str,
    loss: Callable[[Statistics, dict[str, PyTree], Batch], LossAndMore],
    batch: Batch,
) -> Update:
    """Update the networks of an optimiser and the running statistics of those that the loss applied.

    Args:
      update: `tasks.update.update` with the task's optimisers.
      state: before the update.
      name: of the optimiser.
      loss: `(running statistics before, parameters by network, batch) -> LossAndMore`.
      batch: what the loss reads.

    Returns:
      The update; its means are the terms alone.
    """
    updated = update(state, name, partial(loss, state.batch_stats), batch)
    terms, batch_stats = updated.means
    return with_batch_stats(updated, batch_stats)._replace(means=terms)
