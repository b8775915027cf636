"""The image grid of a few held-out examples that shows how a run goes."""

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import PyTree, UInt8

from maskgan_jax.devices.mesh import compile_eval, to_devices, to_host
from maskgan_jax.photos.grid import image_grid, to_pixels
from maskgan_jax.tasks.task import Task, TrainState

ROWS = 8
"""Examples of an image grid."""


class Preview:
    """The first held-out batch, and the compiled function that makes pictures of it.

    Args:
      task: of the run.
      batch: the first of the evaluation split, on this process.
      mesh: of the run.
      shardings: of its states.
    """

    def __init__(self, task: Task, batch: dict[str, np.ndarray], mesh: Mesh, shardings: PyTree):
        self._visualize = compile_eval(task.visualize, shardings, mesh)
        (self._batch,) = to_devices([batch], mesh)

    def plot(self, state: TrainState) -> UInt8[np.ndarray, "h w 3"] | None:
        """Return the image grid of a state; on process 0, None elsewhere."""
        columns = to_host(self._visualize(state, self._batch))
        if jax.process_index() > 0:
            return None
        return image_grid({name: to_pixels(np.asarray(column)) for name, column in columns.items()}, ROWS)
