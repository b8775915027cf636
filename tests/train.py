"""Training within a test's own process."""

from pathlib import Path

from ml_collections import ConfigDict

from maskgan_jax import evaluators
from maskgan_jax.interop import weights
from maskgan_jax.tasks.task import TrainState
from maskgan_jax.training import loop


def train(config: ConfigDict, workdir: Path) -> TrainState:
    """Train as the command does."""
    return loop.train(config, workdir, weights.read_variables, evaluators.make)
