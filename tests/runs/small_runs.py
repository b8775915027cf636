"""Runs' folders with checkpoints of a small state, and ways to corrupt a file."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from maskgan_jax.runs import checkpoints
from maskgan_jax.tasks.task import TrainState

PSNR = "validation/psnr"


def state_of(step: int, size: int = 100) -> TrainState:
    """Return a state whose arrays all depend on its step."""
    kernel = jax.random.normal(jax.random.key(step), (size,))
    moments = {"net": (jnp.int32(step), {"mu": kernel / 2})}
    return TrainState(jnp.int32(step), {"net": {"kernel": kernel}}, {}, moments, {"net": {"kernel": kernel / 3}})


def save_steps(run: Path, psnr: dict[int, float], keep: int = 3) -> None:
    """Save the state of each step with that PSNR as its evaluation."""
    with checkpoints.open_manager(run, keep, PSNR) as manager:
        for step, value in psnr.items():
            checkpoints.save(manager, state_of(step), step, {PSNR: value})
        checkpoints.finish(manager)


def saved_steps(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def assert_is(state: TrainState, step: int) -> None:
    jax.tree.map(np.testing.assert_array_equal, state, state_of(step))


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


CORRUPTIONS = (truncate, empty, flip, Path.unlink)
