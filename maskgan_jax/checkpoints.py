"""Checkpoints of a run, by Orbax: save, resume, start from another run."""

from pathlib import Path

import jax
import orbax.checkpoint as ocp
from jax.sharding import Sharding
from jaxtyping import PyTree

from maskgan_jax.errors import UserError
from maskgan_jax.tasks.task import TrainState


def open_manager(workdir: Path, keep: int) -> ocp.CheckpointManager:
    """The checkpoints of a run; saving goes on in the background while training does, the last `keep` stay."""
    options = ocp.CheckpointManagerOptions(max_to_keep=keep, create=True)
    return ocp.CheckpointManager(_folder(workdir), options=options, item_handlers=ocp.PyTreeCheckpointHandler())


def save(manager: ocp.CheckpointManager, state: TrainState, step: int) -> None:
    """Begins to save the state of a step; a step that is saved already is left alone."""
    if manager.latest_step() != step:
        manager.save(step, args=ocp.args.PyTreeSave(state))


def resume(manager: ocp.CheckpointManager, shapes: TrainState, sharding: Sharding) -> TrainState:
    """The state of the latest step, laid out by `sharding`; `shapes` is what the config makes of it."""
    return manager.restore(manager.latest_step(), args=_restore_args(shapes, sharding))


def load_part(workdir: Path, shapes: PyTree, wanted_by: str) -> PyTree:
    """A part of the latest state of another run.

    Args:
      workdir: the run's folder.
      shapes: the part as a tree of shapes: nested dictionaries under the names of `TrainState`.
      wanted_by: what to name in an error: the field or option that gave the folder.

    Raises:
      UserError: no checkpoint there, or one of other networks.
    """
    folder = _folder(workdir)
    if not folder.is_dir():
        raise UserError(f"{wanted_by}: no trained run at {workdir} (no checkpoints there)")
    with ocp.CheckpointManager(folder, item_handlers=ocp.PyTreeCheckpointHandler()) as manager:
        step = manager.latest_step()
        if step is None:
            raise UserError(f"{wanted_by}: the run at {workdir} has no checkpoint yet; let it train first")
        _check_shapes(manager.item_metadata(step).tree, shapes, workdir, wanted_by)
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return manager.restore(step, args=_restore_args(shapes, sharding, partial=True))


def _check_shapes(saved: PyTree, expected: PyTree, workdir: Path, wanted_by: str) -> None:
    """Orbax cuts or pads an array of another shape without a word, so shapes are compared before anything is read."""
    found = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(saved)}
    for path, leaf in jax.tree_util.tree_leaves_with_path(expected):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        entry = found.get(jax.tree_util.keystr(path))
        if entry is None:
            raise UserError(f"{wanted_by}: the run at {workdir} has no {name}; it trained something else")
        if tuple(entry.shape) != leaf.shape:
            raise UserError(
                f"{wanted_by}: {name} has shape {tuple(entry.shape)} in the run at {workdir}, but {leaf.shape} here; "
                "both runs must have the same config.networks and config.data.size"
            )


def _restore_args(shapes: PyTree, sharding: Sharding, partial: bool = False) -> ocp.args.PyTreeRestore:
    args = jax.tree.map(lambda _: ocp.ArrayRestoreArgs(sharding=sharding), shapes)
    return ocp.args.PyTreeRestore(item=shapes, restore_args=args, partial_restore=partial)


def _folder(workdir: Path) -> Path:
    return workdir.absolute() / "checkpoints"
