"""The evaluators of a run: what `config.evaluators` names, and when each is due."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jax.sharding import Mesh
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.tasks.task import Task, TrainState


@runtime_checkable
class Evaluator(Protocol):
    """Measures the states of one run.

    Attributes:
      metrics: names of what `evaluate` may return.
    """

    metrics: tuple[str, ...]

    def evaluate(self, state: TrainState, interrupted: Callable[[], bool]) -> dict[str, float] | None:
        """Compute the metrics of a state, on all processes together; None if interrupted on any."""


class EvaluatedRun(NamedTuple):
    """What an evaluator is made for.

    Attributes:
      config: of the run.
      task: of the run.
      held_out: the batches of `config.data.eval_split` on this process; iterated anew for every evaluation.
      first: the first of these batches.
      mesh: of the run.
      shapes: of its states.
      shardings: of its states.
    """

    config: ConfigDict
    task: Task
    held_out: Iterable[dict[str, np.ndarray]]
    first: dict[str, np.ndarray]
    mesh: Mesh
    shapes: TrainState
    shardings: PyTree


MakeEvaluator = Callable[[str, EvaluatedRun], Evaluator]
"""Makes the evaluator of a name in `config.evaluators` for a run; raises UserError if it can't."""


class Evaluators:
    """All evaluators of a run that are ever due: every `every_steps` steps and after the last one; 0: never.

    Args:
      run: whose states they measure.
      make: makes one of them.

    Raises:
      UserError: there is no such evaluator, it can't be made, or `config.best_metric` names no metric of any.
    """

    def __init__(self, run: EvaluatedRun, make: MakeEvaluator):
        self._last_step = run.config.num_train_steps
        self._every_steps = {
            name: settings.every_steps for name, settings in run.config.evaluators.items() if settings.every_steps > 0
        }
        self._evaluators: Mapping[str, Evaluator] = {name: make(name, run) for name in self._every_steps}
        self._check_best_metric(run.config.best_metric)

    def metrics_due(self, step: int) -> set[str]:
        """Return the names of the metrics that are computed after a step."""
        return {name for evaluator in self._due(step) for name in evaluator.metrics}

    def evaluate(self, step: int, state: TrainState, interrupted: Callable[[], bool]) -> dict[str, float] | None:
        """Let the evaluators that are due measure the state of a step; None if interrupted on any process."""
        metrics = {}
        for evaluator in self._due(step):
            found = evaluator.evaluate(state, interrupted)
            if found is None:
                return None
            metrics |= found
        return metrics

    def _due(self, step: int) -> list[Evaluator]:
        return [
            self._evaluators[name]
            for name, every_steps in self._every_steps.items()
            if step % every_steps == 0 or step == self._last_step
        ]

    def _check_best_metric(self, best_metric: str) -> None:
        wanted = best_metric.removeprefix("-")
        names = [name for evaluator in self._evaluators.values() for name in evaluator.metrics]
        if wanted and not names:
            raise UserError(f"config.best_metric: '{wanted}' is never computed; give an evaluator its every_steps")
        if wanted and wanted not in names:
            raise UserError(
                f"config.best_metric: there is no metric '{wanted}'; name one of {', '.join(names)}, with a '-' before "
                "it if less is better, or none"
            )
