"""A profile of a run that is under way: `touch <workdir>/profile`, then open the folder in TensorBoard."""

from pathlib import Path

import jax
from absl import logging
from jaxtyping import PyTree

STEPS = 5


class Profiler:
    """Records the next `STEPS` steps of the first host into the run's folder when somebody asks for it."""

    def __init__(self, workdir: Path):
        self._workdir = workdir
        self._request = workdir / "profile"
        self._last_step: int | None = None

    def begin_if_asked(self, step: int) -> None:
        """Looks for the request; meant for steps that are logged, for on some file systems a look takes its time."""
        if jax.process_index() == 0 and self._last_step is None and self._request.exists():
            try:
                self._request.unlink()
                jax.profiler.start_trace(str(self._workdir))
                self._last_step = step + STEPS
            except (OSError, RuntimeError) as error:
                logging.warning("No profile is recorded: %s", error)

    def end_if_due(self, step: int, result: PyTree) -> None:
        """Ends a recording whose last step this was; waits for the step's result, which belongs to it."""
        if self._last_step == step:
            self.end(result)

    def end(self, result: PyTree) -> None:
        """Ends a recording if there is one."""
        if self._last_step is not None:
            jax.block_until_ready(result)
            jax.profiler.stop_trace()
            self._last_step = None
            logging.info("Profile of %d steps: tensorboard --logdir=%s", STEPS, self._workdir)
