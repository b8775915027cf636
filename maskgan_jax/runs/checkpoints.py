"""Checkpoints of a run, by Orbax: save, resume, start from another run, keep a model for inference alone.

Orbax makes a checkpoint visible by a rename, so that a killed run leaves whole ones alone. What happens to files
afterwards it sees only in part; each checkpoint therefore carries checksums, and one that does not match them counts as
damaged: the one before it is taken.
"""

import itertools
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from jaxtyping import PyTree
from ml_collections import ConfigDict
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, BestN, LatestN

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.runs import integrity
from maskgan_jax.runs.directory import save_config, writing
from maskgan_jax.tasks.task import TrainState

NONE, REFUSED = -1, -2
"""In the place of a step."""

STATE = "default"
"""Orbax's name for the folder of a checkpoint that holds the state."""


class _ChecksummedHandler(ocp.PyTreeCheckpointHandler):
    """Writes the checksums in the last moment before the files become a checkpoint: in the background, on one host."""

    def finalize(self, directory) -> None:
        super().finalize(directory)
        integrity.write(Path(directory))


@ocp.args.register_with_handler(_ChecksummedHandler, for_save=True)
class _Save(ocp.args.PyTreeSave):
    pass


@ocp.args.register_with_handler(_ChecksummedHandler, for_restore=True)
class _Restore(ocp.args.PyTreeRestore):
    pass


def open_manager(workdir: Path, keep: int, best_metric: str = "") -> ocp.CheckpointManager:
    """The checkpoints of a run; saving goes on in the background while training does.

    Its latest one is undamaged: later ones go to `damaged_checkpoints/`, for the run will write those steps anew.

    Args:
      workdir: the run's folder; what a killed process left there half-written is removed.
      keep: the last so many stay.
      best_metric: name of a figure; the checkpoint where it is highest stays too, or lowest after a '-'.

    Raises:
      UserError: there are checkpoints and all are damaged, or can't be read, or nothing can be written; they stay where
        they are. Or hosts see different folders.
    """
    if keep < 1:
        raise UserError(f"config.checkpoints_to_keep: {keep}; give 1 or more")
    latest_step = _tidy(workdir)
    policies = [LatestN(keep)]
    score = None
    if best_metric:
        name, sign = best_metric.removeprefix("-"), -1 if best_metric.startswith("-") else 1

        def score(figures: Mapping[str, float]) -> float:
            value = sign * figures.get(name, math.nan)  # the notes may be damaged
            return value if math.isfinite(value) else -math.inf

        policies.append(BestN(get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False))
    options = ocp.CheckpointManagerOptions(
        create=True, best_fn=score, preservation_policy=AnyPreservationPolicy(policies)
    )
    with writing(workdir):
        manager = ocp.CheckpointManager(_folder(workdir), options=options, item_handlers=_ChecksummedHandler())
    if manager.latest_step() != latest_step:
        raise UserError(
            f"{workdir}: process 0 finds step {latest_step} there, process {jax.process_index()} finds "
            f"{manager.latest_step()}; give all processes the same folder, on a file system that they share"
        )
    return manager


def save(manager: ocp.CheckpointManager, state: PyTree, step: int, figures: Mapping[str, float] | None = None) -> None:
    """Begins to save the state of a step, with the figures it was evaluated to; a saved step is left alone.

    Raises:
      UserError: there is no room for it, or the one before could not be written.
    """
    if manager.latest_step() != step:
        with _explained(manager):
            manager.wait_until_finished()  # what it deletes makes room
        if jax.process_index() == 0:
            _check_room(Path(manager.directory), state)
        with _explained(manager):
            manager.save(step, args=_Save(state), metrics=figures)


def _check_room(folder: Path, state: PyTree) -> None:
    """Sees to it that a state fits on the disk, before anything is written."""
    needed = sum(array.nbytes for array in jax.tree.leaves(state))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder}: a checkpoint takes {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free there; the ones "
            "before it are whole: make room and give the same command again"
        )


def check(manager: ocp.CheckpointManager) -> None:
    """Says whether what is written in the background failed, without waiting for it; raises as `save` does."""
    with _explained(manager):
        manager.check_for_errors()


def finish(manager: ocp.CheckpointManager) -> None:
    """Waits until everything is written; raises as `save` does."""
    with _explained(manager):
        manager.wait_until_finished()


@contextmanager
def _explained(manager: ocp.CheckpointManager) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a full disk comes as whatever TensorStore or Orbax made of it
        if jax.process_index() == 0:
            _remove_unfinished(Path(manager.directory))
        full = "No space left on device" in str(error) or "Disk quota exceeded" in str(error)
        reason, remedy = ("no space left on the disk", "make room there") if full else (_line(error), "mend that")
        raise UserError(
            f"{manager.directory}: the checkpoint can't be written ({reason}); the ones before it are whole: "
            f"{remedy} and give the same command again"
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def resume(manager: ocp.CheckpointManager, shapes: TrainState, layout: PyTree) -> TrainState:
    """The state of the latest step.

    Args:
      manager: of the run.
      shapes: what the config makes of the state.
      layout: where each array is to lie: a tree of shardings.
    """
    return manager.restore(manager.latest_step(), args=_restore_args(shapes, layout))


def keep_apart(workdir: Path, config: ConfigDict, state: TrainState, step: int) -> None:
    """Writes a state as a run of its own that others can load; from all hosts at once."""
    with open_manager(workdir, keep=1) as manager:
        save(manager, state, step)
        finish(manager)
    if jax.process_index() == 0:
        save_config(workdir, config)


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
                save(manager, tree, step=0)
                finish(manager)
            save_config(temporary, config)
            for name, content in files.items():
                (temporary / name).write_bytes(content)
            os.replace(temporary, workdir)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{workdir}: can't be written ({error}); name another folder") from None


def load_part(workdir: Path, shapes: PyTree, wanted_by: str) -> PyTree:
    """A part of the latest undamaged state of another run.

    Args:
      workdir: the run's folder.
      shapes: the part as a tree of shapes: nested dictionaries under the names of `TrainState`.
      wanted_by: what to name in an error: the field or option that gave the folder.

    Raises:
      UserError: no undamaged checkpoint there, or one of other networks.
    """
    with _latest(workdir, wanted_by) as (manager, step):
        _check_shapes(manager.item_metadata(step).tree, shapes, workdir, wanted_by)
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        layout = jax.tree.map(lambda _: sharding, shapes)
        return manager.restore(step, args=_restore_args(shapes, layout, partial=True))


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
        restored = manager.restore(step, args=_Restore(item, restore_args=args, partial_restore=True))
        return restored["unused"][network]


@contextmanager
def _latest(workdir: Path, wanted_by: str) -> Iterator[tuple[ocp.CheckpointManager, int]]:
    """The checkpoints of another run and the step of its latest undamaged one."""
    try:
        step = _newest_whole(workdir, wanted_by)
    except _NoCheckpointError:
        if not _folder(workdir).is_dir():
            raise UserError(f"{wanted_by}: no trained run at {workdir} (no checkpoints there)") from None
        raise UserError(f"{wanted_by}: the run at {workdir} has no checkpoint yet; let it train first") from None
    options = ocp.CheckpointManagerOptions(create=False)
    with ocp.CheckpointManager(_folder(workdir), options=options, item_handlers=_ChecksummedHandler()) as manager:
        yield manager, step


def _tidy(workdir: Path) -> int | None:
    """Removes unfinished checkpoints and sets damaged ones aside, on the first host; the others hear how it went.

    Returns:
      The latest step that is left, on every host.
    """
    latest, refusal = NONE, ""
    if jax.process_index() == 0:
        try:
            _remove_unfinished(_folder(workdir))
            latest = _newest_whole(workdir, str(workdir))
            for step in _steps(workdir):
                if step > latest or _damaged_notes(_folder(workdir) / str(step)):
                    _set_aside(workdir, step)
        except _NoCheckpointError:
            pass
        except UserError as error:
            latest, refusal = REFUSED, str(error)
        except OSError as error:
            latest, refusal = (
                REFUSED,
                f"{workdir}: damaged checkpoints can't be set aside ({error}); see to its permissions",
            )
    multihost.meet("tidied")
    latest = multihost.first_says(latest)
    if latest == REFUSED:
        raise UserError(refusal or f"{workdir}: no checkpoint to go on from, as process 0 says")
    return None if latest == NONE else latest


def _set_aside(workdir: Path, step: int) -> None:
    folder = workdir / "damaged_checkpoints"
    folder.mkdir(exist_ok=True)
    names = itertools.chain([str(step)], (f"{step}.{count}" for count in itertools.count(1)))
    os.replace(_folder(workdir) / str(step), next(folder / name for name in names if not (folder / name).exists()))


def _remove_unfinished(checkpoints: Path) -> None:
    """Removes what a killed process or a full disk left half-written."""
    for unfinished in checkpoints.glob("*.orbax-checkpoint-tmp*"):
        shutil.rmtree(unfinished, ignore_errors=True)


class _NoCheckpointError(Exception):
    """The folder holds none."""


def _newest_whole(workdir: Path, wanted_by: str) -> int:
    """The latest step whose files are as they were written; the ones after it are named in a warning."""
    damaged = []
    for step in _steps(workdir):
        wrong = _damage(_folder(workdir) / str(step))
        if wrong is None:
            for line in damaged:
                logging.warning("%s; step %d is taken instead", line, step)
            return step
        damaged.append(f"The checkpoint of step {step} is damaged ({wrong})")
    if not damaged:
        raise _NoCheckpointError
    raise UserError(
        f"{wanted_by}: no undamaged checkpoint in {_folder(workdir)} ({damaged[0]}); copy it anew from where it is "
        "whole, or train again in another folder"
    )


def _damage(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint's files, or None.

    Raises:
      UserError: they can't be read, which says nothing of what they hold.
    """
    try:
        return _damaged_notes(checkpoint) or integrity.damage(checkpoint / STATE)
    except OSError as error:
        raise UserError(f"{checkpoint}: can't be read ({error}); nothing was moved; mend that and try again") from None


def _damaged_notes(checkpoint: Path) -> str | None:
    """What is wrong with Orbax's notes beside the state, of which it reads every checkpoint's, or None."""
    for note in ("_CHECKPOINT_METADATA", "metrics/metrics"):
        try:
            if note == "_CHECKPOINT_METADATA" or (checkpoint / note).parent.exists():
                json.loads((checkpoint / note).read_text())
        except (FileNotFoundError, ValueError) as error:
            return f"{checkpoint / note}: {error}"
    return None


def _steps(workdir: Path) -> list[int]:
    """The steps that have a checkpoint, the latest first."""
    folder = _folder(workdir)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


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


def _restore_args(shapes: PyTree, layout: PyTree, partial: bool = False) -> _Restore:
    args = jax.tree.map(lambda sharding: ocp.ArrayRestoreArgs(sharding=sharding), layout)
    return _Restore(item=shapes, restore_args=args, partial_restore=partial)


def _folder(workdir: Path) -> Path:
    return workdir.absolute() / "checkpoints"
