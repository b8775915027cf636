"""Steps with an update that `tasks.update` skipped, because it was not finite: named and counted on the host."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import PyTree

from maskgan_jax.tasks.task import Batch, Metrics, TrainState


class StepReport(NamedTuple):
    """The outcome of a step.

    Attributes:
      losses: losses and norms of gradients by name.
      index: numbers of the batch's photos, int32 (b,).
    """

    losses: Metrics
    index: PyTree

    def nonfinite(self) -> list[str]:
        """Return what is not finite, with its value; [] if every update was kept. For reports on the host."""
        return [f"{name} = {float(value)}" for name, value in self.losses.items() if not math.isfinite(value)]

    def explanation(self) -> str:
        """Return one line: what is not finite, and the numbers of the batch's photos."""
        photos = ", ".join(str(number) for number in np.asarray(self.index))
        return f"{'; '.join(self.nonfinite())} not finite, photos {photos}"


def with_report(
    step: Callable[[TrainState, Batch], tuple[TrainState, Metrics]],
) -> Callable[[TrainState, Batch], tuple[TrainState, StepReport]]:
    """Return the step of a task with the report that the training loop collects."""

    def reported_step(state: TrainState, batch: Batch) -> tuple[TrainState, StepReport]:
        state, losses = step(state, batch)
        return state, StepReport(losses, batch["index"])

    return reported_step


class SkippedSteps:
    """Counts the steps of a run with a skipped update on the host.

    Attributes:
      in_a_row: number of such steps since the last one without.
    """

    def __init__(self):
        self.in_a_row = 0

    def count(self, step: int, report: StepReport) -> bool:
        """Return whether an update of a step was skipped; if so, log why."""
        skipped = bool(report.nonfinite())
        self.in_a_row = self.in_a_row + 1 if skipped else 0
        if skipped:
            logging.warning("An update of step %d is skipped: %s", step, report.explanation())
        return skipped
