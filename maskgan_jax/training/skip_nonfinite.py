"""Steps whose loss or next state is not finite: skipped on the device, counted and reported on the host."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jaxtyping import PyTree

from maskgan_jax.tasks.task import Batch, Metrics, TrainState

CHECKED = {
    "opt_state": "the gradient of",
    "params": "the parameters of",
    "batch_stats": "the batch statistics of",
    "ema_params": "the EMA of",
}
"""Fields of the state in the order in which a non-finite gradient spreads; Adam's moments show it first."""


class StepReport(NamedTuple):
    """The outcome of a step.

    Attributes:
      losses: by name.
      finite: for each checked tree, whether all of it is finite.
      index: numbers of the batch's photos, int32 (b,).
    """

    losses: Metrics
    finite: Metrics
    index: PyTree

    def nonfinite(self) -> list[str]:
        """Return what is not finite, losses with their values; [] if the update was kept. For reports on the host."""
        named = (f"{name} = {float(value)}" for name, value in self.losses.items() if not math.isfinite(value))
        return [*named, *(name for name, is_finite in self.finite.items() if not is_finite)]

    def explanation(self) -> str:
        """Return one line: what is not finite, and the numbers of the batch's photos."""
        photos = ", ".join(str(number) for number in np.asarray(self.index))
        return f"{'; '.join(self.nonfinite())} not finite, photos {photos}"


def skip_nonfinite(
    step: Callable[[TrainState, Batch], tuple[TrainState, Metrics]],
) -> Callable[[TrainState, Batch], tuple[TrainState, StepReport]]:
    """Return the step with a check: where a loss or a tensor of the next state is not finite, the state stays.

    `state.step` counts a skipped step too, so that it stays the number of batches seen.
    """

    def checked_step(state: TrainState, batch: Batch) -> tuple[TrainState, StepReport]:
        proposed, losses = step(state, batch)
        finite = {
            f"{phrase} {name}": _all_finite(tree)
            for field, phrase in CHECKED.items()
            for name, tree in getattr(proposed, field).items()
        }
        good = jnp.stack([*finite.values(), *map(jnp.isfinite, losses.values())]).all()
        kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), proposed, state)
        return kept.replace(step=proposed.step), StepReport(losses, finite, batch["index"])

    return checked_step


class SkippedSteps:
    """Counts the skipped steps of a run on the host.

    Attributes:
      in_a_row: number of skipped steps since the last one that was kept.
    """

    def __init__(self):
        self.in_a_row = 0

    def count(self, step: int, report: StepReport) -> bool:
        """Return whether a step was skipped; if so, log why."""
        skipped = bool(report.nonfinite())
        self.in_a_row = self.in_a_row + 1 if skipped else 0
        if skipped:
            logging.warning("Step %d is skipped: %s", step, report.explanation())
        return skipped


def _all_finite(tree: PyTree) -> jax.Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()
