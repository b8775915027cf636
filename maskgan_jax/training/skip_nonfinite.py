"""Updates that are not finite: skipped inside the step, counted and explained outside of it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jaxtyping import PyTree

from maskgan_jax.tasks.task import Batch, Scalars, TrainState

TREES = {
    "opt_state": "the gradient of",
    "params": "the parameters of",
    "batch_stats": "the statistics of",
    "average": "the average of",
}
"""Fields of a state in the order in which they go bad: what is not finite in a gradient is so in Adam's moments."""


class Report(NamedTuple):
    """What a step says of itself.

    Attributes:
      losses: by name.
      finite: by what could have gone bad, whether it is finite.
      index: numbers of the batch's photos, int32 (b,).
    """

    losses: Scalars
    finite: Scalars
    index: PyTree

    def bad(self) -> list[str]:
        """What is not finite, losses with their values; [] after an update that was kept. For reports on the host."""
        named = (f"{name} = {float(value)}" for name, value in self.losses.items() if not math.isfinite(value))
        return [*named, *(name for name, is_finite in self.finite.items() if not is_finite)]


def guarded(
    step: Callable[[TrainState, Batch], tuple[TrainState, Scalars]],
) -> Callable[[TrainState, Batch], tuple[TrainState, Report]]:
    """The step, but where a loss or a tensor of the next state is not finite, the state stays as it was.

    `state.step` counts such a step too, so that it stays the number of the batches that were seen.
    """

    def guarded_step(state: TrainState, batch: Batch) -> tuple[TrainState, Report]:
        proposed, losses = step(state, batch)
        finite = {
            f"{phrase} {name}": _all_finite(tree)
            for field, phrase in TREES.items()
            for name, tree in getattr(proposed, field).items()
        }
        good = jnp.stack([*finite.values(), *map(jnp.isfinite, losses.values())]).all()
        kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), proposed, state)
        return kept.replace(step=proposed.step), Report(losses, finite, batch["index"])

    return guarded_step


class SkippedSteps:
    """Counts the skipped steps of a run on the host.

    Attributes:
      in_a_row: how many the latest steps were.
    """

    def __init__(self):
        self.in_a_row = 0

    def skipped(self, step: int, report: Report) -> bool:
        """Whether a step was skipped; then a line in the log says why."""
        bad = report.bad()
        self.in_a_row = self.in_a_row + 1 if bad else 0
        if bad:
            logging.warning("Step %d is skipped: %s", step, explained(report))
        return bool(bad)


def explained(report: Report) -> str:
    """What is not finite, and the photos that it happened on."""
    photos = ", ".join(str(number) for number in np.asarray(report.index))
    return f"{'; '.join(report.bad())} not finite, photos {photos}"


def _all_finite(tree: PyTree) -> jax.Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()
