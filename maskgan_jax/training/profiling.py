"""Profile a run while it trains: `touch <workdir>/profile`, then open the folder in TensorBoard."""

from pathlib import Path

import jax
from absl import logging
from jaxtyping import PyTree

STEPS = 5


class Profiler:
    """Records `STEPS` steps of process 0 into the run's folder when the file `profile` appears there."""

    def __init__(self, workdir: Path):
        self._workdir = workdir
        self._request = workdir / "profile"
        self._last_step: int | None = None

    def start_if_requested(self, step: int) -> None:
        """Look for the request; call it for logged steps only, because some file systems are slow."""
        if jax.process_index() == 0 and self._last_step is None and self._request.exists():
            try:
                self._request.unlink()
                jax.profiler.start_trace(str(self._workdir))
                self._last_step = step + STEPS
            except (OSError, RuntimeError) as error:
                logging.warning("No profile: %s", error)

    def stop_if_due(self, step: int, result: PyTree) -> None:
        """Stop a recording whose last step this is, after the step's result is there."""
        if self._last_step == step:
            self.stop(result)

    def stop(self, result: PyTree) -> None:
        """Stop a recording if there is one, after the result of its last step is there."""
        if self._last_step is not None:
            jax.block_until_ready(result)
            jax.profiler.stop_trace()
            self._last_step = None
            logging.info("Profile of %d steps: tensorboard --logdir=%s", STEPS, self._workdir)
