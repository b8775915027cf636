"""Training within a test's own process."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from maskgan_jax import evaluators
from maskgan_jax.interop import weights
from maskgan_jax.runs.directory import load_config
from maskgan_jax.tasks.task import TrainState
from maskgan_jax.training import loop


def train(config: ConfigDict, workdir: Path) -> TrainState:
    """Train as the command does."""
    return loop.train(config, workdir, weights.read_variables, evaluators.make)


def resumed(run: Path, folder: Path, lost: Sequence[int]) -> TrainState:
    """Train a copy of a run on, of which some checkpoints are lost."""
    shutil.copytree(run, folder)
    for step in lost:
        shutil.rmtree(folder / f"checkpoints/{step}")
    return train(load_config(folder), folder)


def logged(run: Path, prefix: str) -> dict[int, dict[str, float]]:
    """Return what a run logged at each step under names that begin with a prefix."""
    values = {}
    for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
        values.setdefault(line["step"], {}).update({k: v for k, v in line.items() if k.startswith(prefix)})
    return {step: each for step, each in values.items() if each}
