"""The task's own metrics over the held-out split."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from maskgan_jax.devices import multihost
from maskgan_jax.devices.mesh import compile_eval, to_devices, to_host
from maskgan_jax.tasks.task import TrainState
from maskgan_jax.training.evaluators import EvaluatedRun


class TaskMetrics:
    """Computes what `Task.evaluate` and `Task.finalize_metrics` say, named `<split>/<metric>`.

    Attributes:
      metrics: their names.
    """

    def __init__(self, run: EvaluatedRun):
        self._split = run.config.data.eval_split
        self._batches = run.held_out
        self._mesh = run.mesh
        self._finalize = run.task.finalize_metrics
        self._evaluate = compile_eval(run.task.evaluate, run.shardings, run.mesh)
        # The very types of its calls, so that it is traced once.
        state = jax.tree.map(lambda shape, sharding: shape.update(sharding=sharding), run.shapes, run.shardings)
        (batch,) = to_devices([run.first], run.mesh)
        sums = self._evaluate.eval_shape(state, batch)
        self.metrics = tuple(self._finalized(jax.tree.map(lambda total: np.ones(total.shape, total.dtype), sums)))

    def evaluate(self, state: TrainState, interrupted: Callable[[], bool]) -> dict[str, float] | None:
        """Compute the metrics of a state over the whole split; None if interrupted on any process."""
        sums = []
        for number, batch in enumerate(to_devices(self._batches, self._mesh), start=1):
            sums.append(to_host(self._evaluate(state, batch)))
            if multihost.should_stop(number, interrupted()):
                return None
        return self._finalized(jax.tree.map(lambda *parts: np.sum(parts, axis=0), *sums))

    def _finalized(self, sums: Mapping[str, Any]) -> dict[str, float]:
        return {f"{self._split}/{name}": value for name, value in self._finalize(sums).items()}


def make(settings: ConfigDict, run: EvaluatedRun) -> TaskMetrics:
    """Return the evaluator; it needs no settings."""
    del settings
    return TaskMetrics(run)
