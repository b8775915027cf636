"""Evaluation of a run on held-out examples: metrics, and image grids of a preview batch."""

from collections.abc import Callable, Iterable

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import PyTree, UInt8
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.devices.mesh import compile_eval, to_devices, to_host
from maskgan_jax.photos.grid import image_grid, to_pixels
from maskgan_jax.tasks.task import Task, TrainState

ROWS = 8
"""Examples of an image grid."""


class Evaluator:
    """The evaluation split of a run, opened once, and the compiled functions that read it.

    Args:
      config: of the run.
      task: of the run.
      batches: the split's batches on this host; iterated anew for every evaluation.
      mesh: of the run.
      shapes: of the state.
      shardings: of the state.

    Raises:
      UserError: `config.best_metric` names no metric of the task.
    """

    def __init__(
        self,
        config: ConfigDict,
        task: Task,
        batches: Iterable[dict[str, np.ndarray]],
        mesh: Mesh,
        shapes: TrainState,
        shardings: PyTree,
    ):
        self._split = config.data.eval_split
        self._batches = batches
        self._mesh = mesh
        self._finalize = task.finalize_metrics
        self._evaluate = compile_eval(task.evaluate, shardings, mesh)
        self._visualize = compile_eval(task.visualize, shardings, mesh)
        self._preview_batch = next(to_devices(batches, mesh))
        _check_best_metric(config, task, shapes, self._preview_batch)

    def evaluate(self, state: TrainState, interrupted: Callable[[], bool]) -> dict[str, float] | None:
        """Compute the metrics of a state over the whole split, by name; None if interrupted on any host."""
        sums = []
        for number, batch in enumerate(to_devices(self._batches, self._mesh), start=1):
            sums.append(to_host(self._evaluate(state, batch)))
            if multihost.should_stop(number, interrupted()):
                return None
        metrics = self._finalize(jax.tree.map(lambda *parts: np.sum(parts, axis=0), *sums))
        return {f"{self._split}/{name}": value for name, value in metrics.items()}

    def visualize(self, state: TrainState) -> UInt8[np.ndarray, "h w 3"] | None:
        """Make the image grid of the preview batch; on process 0, None elsewhere."""
        columns = to_host(self._visualize(state, self._preview_batch))
        if jax.process_index() > 0:
            return None
        return image_grid({name: to_pixels(np.asarray(column)) for name, column in columns.items()}, ROWS)


def _check_best_metric(config: ConfigDict, task: Task, shapes: TrainState, batch: dict[str, jax.Array]) -> None:
    if not config.best_metric:
        return
    wanted = config.best_metric.removeprefix("-")
    sums = jax.eval_shape(task.evaluate, shapes, batch)
    metrics = task.finalize_metrics(jax.tree.map(lambda total: np.ones(total.shape, total.dtype), sums))
    names = [f"{config.data.eval_split}/{name}" for name in metrics]
    if wanted not in names:
        raise UserError(
            f"config.best_metric: there is no metric '{wanted}'; name one of {', '.join(names)}, with a '-' before it "
            "if less is better, or none"
        )
