"""A run's own checkpoints, by Orbax: open, save in the background, restore."""

import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jax
import orbax.checkpoint as ocp
from jaxtyping import PyTree
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, BestN, LatestN

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.runs import integrity
from maskgan_jax.runs.directory import writing
from maskgan_jax.tasks.task import TrainState


class _ChecksummedHandler(ocp.PyTreeCheckpointHandler):
    """Writes the checksums last, just before the files become a checkpoint: in the background, on process 0."""

    def finalize(self, directory) -> None:
        super().finalize(directory)
        integrity.write_checksums(Path(directory))


@ocp.args.register_with_handler(_ChecksummedHandler, for_save=True)
class _Save(ocp.args.PyTreeSave):
    pass


@ocp.args.register_with_handler(_ChecksummedHandler, for_restore=True)
class _Restore(ocp.args.PyTreeRestore):
    pass


def open_manager(workdir: Path, keep: int, best_metric: str = "") -> ocp.CheckpointManager:
    """Open a run's checkpoints to restore and save; all processes call it together.

    Process 0 verifies the checksums. The latest checkpoint that is left is intact: corrupt ones after it are moved to
    `quarantined_checkpoints/`, for the run will write those steps again. What a killed process left half written is
    removed.

    Args:
      workdir: the run's folder.
      keep: number of latest checkpoints to keep.
      best_metric: name of a metric; the checkpoint where it is highest is kept too, or lowest after a '-'.

    Raises:
      UserError: all checkpoints are corrupt, or one can't be read or moved, or nothing can be written; they stay where
        they are. Or processes see different folders.
    """
    if keep < 1:
        raise UserError(f"config.checkpoints_to_keep: {keep}; give 1 or more")
    latest_step = multihost.on_process_zero(f"the checkpoints of {workdir}", lambda: _recover(workdir))
    policies = [LatestN(keep)]
    score = None
    if best_metric:
        name, sign = best_metric.removeprefix("-"), -1 if best_metric.startswith("-") else 1

        def score(metrics: Mapping[str, float]) -> float:
            value = sign * metrics.get(name, math.nan)  # absent if the checkpoint was saved with other metrics
            return value if math.isfinite(value) else -math.inf

        policies.append(BestN(get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False))
    options = ocp.CheckpointManagerOptions(
        create=True, best_fn=score, preservation_policy=AnyPreservationPolicy(policies)
    )
    with writing(workdir):
        manager = ocp.CheckpointManager(
            integrity.checkpoints_folder(workdir), options=options, item_handlers=_ChecksummedHandler()
        )
    if manager.latest_step() != latest_step:
        raise UserError(
            f"{workdir}: process 0 finds step {latest_step} there, process {jax.process_index()} finds "
            f"{manager.latest_step()}; give all processes the same folder, on a file system that they share"
        )
    return manager


def _recover(workdir: Path) -> int | None:
    """Remove unfinished checkpoints, quarantine corrupt ones and return the latest step that is left.

    Raises:
      UserError: none is left, or something can't be read or moved.
    """
    integrity.remove_unfinished(workdir)
    latest = integrity.latest_intact(workdir, str(workdir))
    try:
        for step in integrity.saved_steps(workdir):
            if step > latest or integrity.metadata_corruptions(integrity.checkpoints_folder(workdir) / str(step)):
                integrity.quarantine(workdir, step)
    except OSError as error:
        raise UserError(
            f"{workdir}: a corrupt checkpoint can't be moved ({error}); change the folder's permissions"
        ) from None
    return latest


def save(manager: ocp.CheckpointManager, state: PyTree, step: int, metrics: Mapping[str, float] | None = None) -> None:
    """Begin to save the state of a step in the background; a step that is saved already is left as it is.

    Args:
      manager: of the run.
      state: a tree of arrays.
      step: its step.
      metrics: of the state's evaluation, by name.

    Raises:
      UserError: there is no room for it, or the checkpoint before could not be written.
    """
    if manager.latest_step() != step:
        with _one_line_errors(manager):
            manager.wait_until_finished()  # the checkpoints that it deletes make room
        if jax.process_index() == 0:
            _check_room(Path(manager.directory), state)
        with _one_line_errors(manager):
            manager.save(step, args=_Save(state), metrics=metrics)


def _check_room(folder: Path, state: PyTree) -> None:
    """Raise UserError if the disk has no room for a state, before anything is written."""
    needed = sum(array.nbytes for array in jax.tree.leaves(state))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder}: a checkpoint takes {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free there; the ones "
            "before it are intact: make room and give the same command again"
        )


def check(manager: ocp.CheckpointManager) -> None:
    """Raise the error of a write in the background if there was one, without waiting; raises as `save` does."""
    with _one_line_errors(manager):
        manager.check_for_errors()


def finish(manager: ocp.CheckpointManager) -> None:
    """Wait until everything is written; raises as `save` does."""
    with _one_line_errors(manager):
        manager.wait_until_finished()


@contextmanager
def _one_line_errors(manager: ocp.CheckpointManager) -> Iterator[None]:
    """Turn whatever is raised while a checkpoint is written into a UserError, and remove what was written of it."""
    try:
        yield
    except Exception as error:  # Orbax and TensorStore have no common type for a full disk
        if jax.process_index() == 0:
            integrity.remove_unfinished(Path(manager.directory).parent)
        full = "No space left on device" in str(error) or "Disk quota exceeded" in str(error)
        reason, remedy = ("no space left on the disk", "make room there") if full else (one_line(error), "mend that")
        raise UserError(
            f"{manager.directory}: the checkpoint can't be written ({reason}); the ones before it are intact: "
            f"{remedy} and give the same command again"
        ) from error


def restore(manager: ocp.CheckpointManager, shapes: TrainState, shardings: PyTree) -> TrainState:
    """Return the state of the latest step.

    Args:
      manager: of the run.
      shapes: the state as a tree of shapes, from the config.
      shardings: of each of its arrays, a tree of the same structure.

    Raises:
      UserError: the checkpoint holds other arrays, or arrays of other shapes.
    """
    step = manager.latest_step()
    saved = manager.item_metadata(step).tree
    run = f"the checkpoint of step {step}"
    problem = mismatch(saved, shapes, run) or mismatch(shapes, saved, "this config's state")
    if problem:
        raise UserError(
            f"{Path(manager.directory).parent}: {problem}; resume the run with the config.networks and the version of "
            "the code that it was trained with"
        )
    return manager.restore(step, args=_Restore(item=shapes, restore_args=restore_args(shardings)))


def restore_args(shardings: PyTree) -> PyTree:
    """Return Orbax's arguments for arrays with these shardings."""
    return jax.tree.map(lambda sharding: ocp.ArrayRestoreArgs(sharding=sharding), shardings)


def mismatch(saved: PyTree, expected: PyTree, run: str) -> str | None:
    """Return the first array of a tree of shapes that is absent in another or differs in shape, None if there is none.

    Orbax crops or pads an array of another shape without a warning, so shapes are compared before anything is read.

    Args:
      saved: the other tree, which may hold more.
      expected: the tree whose arrays are looked for.
      run: what to call the other tree.
    """
    found = {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(saved)}
    for path, leaf in jax.tree_util.tree_leaves_with_path(expected):
        name = _name(path)
        if name not in found:
            return f"{run} has no {name}"
        if tuple(found[name].shape) != tuple(leaf.shape):
            return f"{name} has shape {tuple(found[name].shape)} in {run}, but {tuple(leaf.shape)} here"
    return None


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def one_line(error: Exception) -> str:
    """Return an error's message as one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]
