"""What others than the run itself read and write in its folder: trained networks, a state kept separately."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.atomic_files import new_folder
from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.runs import checkpoints, integrity
from maskgan_jax.runs.directory import save_config


def save_model(
    workdir: Path, config: ConfigDict, tree: PyTree, files: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Write a folder that holds a model without a training run: its config and one checkpoint, at step 0.

    The folder is there whole or not at all.

    Args:
      workdir: the folder; it may not exist yet, or be empty.
      config: what `directory.load_config` returns for the folder.
      tree: nested dictionaries under the names of `TrainState`, such as `params` and `batch_stats`.
      files: other files' contents by name.

    Raises:
      UserError: the folder holds something already, or can't be written.
    """
    try:
        if workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
            raise UserError(f"{workdir}: exists and is no empty folder; name a new one")
        with new_folder(workdir) as temporary:
            save_separately(temporary, config, tree, step=0)
            for name, content in files.items():
                (temporary / name).write_bytes(content)
    except OSError as error:
        raise UserError(f"{workdir}: can't be written ({error}); name another folder") from None


def save_separately(workdir: Path, config: ConfigDict, state: PyTree, step: int) -> None:
    """Write a state into a folder of its own that others can load as a run; all processes call it together.

    Args:
      workdir: the folder.
      config: of the run that the state is from.
      state: a `TrainState`, or nested dictionaries under its names.
      step: its step.

    Raises:
      UserError: it can't be written.
    """
    with checkpoints.open_manager(workdir, keep=1) as manager:
        checkpoints.save(manager, state, step)
        checkpoints.finish(manager)
    if jax.process_index() == 0:
        save_config(workdir, config)


def load_part(workdir: Path, shapes: PyTree, wanted_by: str, verify: bool) -> PyTree:
    """Return a part of a run's latest state, on this process's first device.

    Args:
      workdir: the run's folder.
      shapes: the part as a tree of shapes: nested dictionaries under the names of `TrainState`.
      wanted_by: what to name in an error: the field or option that gave the folder.
      verify: process 0 verifies the checksums and the latest intact checkpoint is read; all processes call it
        together. Otherwise the latest checkpoint is read without hashing its files.

    Raises:
      UserError: no checkpoint there, or none that is intact, or one of other networks.
    """
    step = _latest_step(workdir, wanted_by, verify)
    with _reading(workdir, step, wanted_by) as (handler, folder):
        problem = checkpoints.mismatch(handler.metadata(folder).tree, shapes, f"the run at {workdir}")
        if problem:
            raise UserError(
                f"{wanted_by}: {problem}; name a run that trained this network with the same config.networks and "
                "config.data.size"
            )
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        arguments = checkpoints.restore_args(jax.tree.map(lambda _: sharding, shapes))
        return handler.restore(
            folder, args=ocp.args.PyTreeRestore(item=shapes, restore_args=arguments, partial_restore=True)
        )


def load_unused(workdir: Path, network: str, wanted_by: str) -> PyTree:
    """Return the entries of a network that an imported model's folder keeps for other frameworks; {} if there are none.

    They are NumPy arrays, because a JAX array would cut 64-bit counts to 32 bits.

    Args:
      workdir: the folder.
      network: its name in the checkpoint.
      wanted_by: what to name in an error: the field or option that gave the folder.

    Raises:
      UserError: no checkpoint there, or one that can't be read.
    """
    step = _latest_step(workdir, wanted_by, verify=False)
    with _reading(workdir, step, wanted_by) as (handler, folder):
        shapes = handler.metadata(folder).tree.get("unused", {}).get(network, {})
        if not shapes:
            return {}
        item = {"unused": {network: shapes}}
        arguments = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), item)
        restored = handler.restore(
            folder, args=ocp.args.PyTreeRestore(item, restore_args=arguments, partial_restore=True)
        )
        return restored["unused"][network]


def saved_networks(workdir: Path, wanted_by: str) -> dict[str, set[str]]:
    """Return the names of the networks in a run's latest checkpoint by the state's field, from its metadata alone.

    Such as `{"params": {"generator", "discriminator"}, "batch_stats": set()}`; of fields that hold an entry for each
    network or optimiser, as all of `TrainState` do but `step`.

    Args:
      workdir: the run's folder.
      wanted_by: what to name in an error: the field or option that gave the folder.

    Raises:
      UserError: no checkpoint there, or one that can't be read.
    """
    step = _latest_step(workdir, wanted_by, verify=False)
    with _reading(workdir, step, wanted_by) as (handler, folder):
        fields = handler.metadata(folder).tree
        return {name: set(entries) for name, entries in fields.items() if isinstance(entries, Mapping)}


def _latest_step(workdir: Path, wanted_by: str, verify: bool) -> int:
    """Return the latest step of a run, the latest intact one with `verify`.

    Raises:
      UserError: there is none.
    """
    if verify:
        step = multihost.on_process_zero(wanted_by, lambda: integrity.latest_intact(workdir, wanted_by))
    else:
        step = next(iter(integrity.saved_steps(workdir)), None)
    if step is None:
        if not integrity.checkpoints_folder(workdir).is_dir():
            raise UserError(f"{wanted_by}: no trained run at {workdir} (no checkpoints there)")
        raise UserError(f"{wanted_by}: the run at {workdir} has no checkpoint yet; let it train first")
    return step


@contextmanager
def _reading(workdir: Path, step: int, wanted_by: str) -> Iterator[tuple[ocp.PyTreeCheckpointHandler, Path]]:
    """Yield what reads the state of a step, and the folder that holds it.

    Raises:
      UserError: in place of any other error, for a corrupt file that was not verified can cause all of them.
    """
    checkpoint = integrity.checkpoints_folder(workdir) / str(step)
    try:
        with closing(ocp.PyTreeCheckpointHandler()) as handler:
            yield handler, checkpoint / integrity.STATE
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{wanted_by}: the checkpoint {checkpoint} can't be read ({checkpoints.one_line(error)}); "
            f"`python -m maskgan_jax.verify --checkpoint={workdir}` lists corrupt files"
        ) from error
