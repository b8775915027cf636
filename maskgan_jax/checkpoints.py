"""Checkpoints of a run, by Orbax: save, resume, start from another run, keep a model for inference alone."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.sharding import Sharding
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax.errors import UserError
from maskgan_jax.tasks.task import TrainState
from maskgan_jax.workdir import save_config


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


def save_model(
    workdir: Path, config: ConfigDict, tree: PyTree, files: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Writes a new run's folder that holds a model and no training: its config and one checkpoint, at step 0.

    The folder is there whole or not at all.

    Args:
      workdir: the folder; it may not exist yet, or be empty.
      config: what `workdir.load_config` gives to who reads the folder.
      tree: nested dictionaries under the names of `TrainState`, such as `params` and `batch_stats`.
      files: what else to write, by file name.

    Raises:
      UserError: the folder holds something already, or can't be written.
    """
    temporary = workdir.absolute().with_name(f".{workdir.name}.partial")
    try:
        if workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
            raise UserError(f"{workdir}: there already, and not an empty folder; name a new one")
        shutil.rmtree(temporary, ignore_errors=True)  # what a killed process left
        try:
            temporary.mkdir(parents=True)
            with open_manager(temporary, keep=1) as manager:
                manager.save(0, args=ocp.args.PyTreeSave(tree))
            save_config(temporary, config)
            for name, content in files.items():
                (temporary / name).write_bytes(content)
            os.replace(temporary, workdir)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{workdir}: can't be written ({error}); name another folder") from None


def load_part(workdir: Path, shapes: PyTree, wanted_by: str) -> PyTree:
    """A part of the latest state of another run.

    Args:
      workdir: the run's folder.
      shapes: the part as a tree of shapes: nested dictionaries under the names of `TrainState`.
      wanted_by: what to name in an error: the field or option that gave the folder.

    Raises:
      UserError: no checkpoint there, or one of other networks.
    """
    with _latest(workdir, wanted_by) as (manager, step):
        _check_shapes(manager.item_metadata(step).tree, shapes, workdir, wanted_by)
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return manager.restore(step, args=_restore_args(shapes, sharding, partial=True))


def load_unused(workdir: Path, network: str, wanted_by: str) -> PyTree:
    """What a model's folder keeps beside a network for the sake of other frameworks; {} where it keeps nothing.

    NumPy arrays, for a JAX array would cut 64-bit counts to 32 bits.
    """
    with _latest(workdir, wanted_by) as (manager, step):
        shapes = manager.item_metadata(step).tree.get("unused", {}).get(network, {})
        if not shapes:
            return {}
        item = {"unused": {network: shapes}}
        args = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), item)
        restored = manager.restore(step, args=ocp.args.PyTreeRestore(item, restore_args=args, partial_restore=True))
        return restored["unused"][network]


@contextmanager
def _latest(workdir: Path, wanted_by: str) -> Iterator[tuple[ocp.CheckpointManager, int]]:
    """The checkpoints of another run and the step of its latest."""
    folder = _folder(workdir)
    if not folder.is_dir():
        raise UserError(f"{wanted_by}: no trained run at {workdir} (no checkpoints there)")
    try:
        with ocp.CheckpointManager(folder, item_handlers=ocp.PyTreeCheckpointHandler()) as manager:
            step = manager.latest_step()
            if step is None:
                raise UserError(f"{wanted_by}: the run at {workdir} has no checkpoint yet; let it train first")
            yield manager, step
    except UserError:
        raise
    except Exception as error:  # on damaged files Orbax raises whatever its readers stumbled over
        raise UserError(
            f"{wanted_by}: the latest checkpoint in {folder} is damaged ({type(error).__name__}); copy it anew, or "
            "delete its folder to take the one before"
        ) from None


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
