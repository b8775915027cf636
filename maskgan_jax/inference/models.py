"""Trained networks from a folder: a training run's, an export's or an import's."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from jaxtyping import Array
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.runs import models
from maskgan_jax.runs.directory import load_config
from maskgan_jax.tasks.task import Task, Variables, swap_levels, variable_shapes

PRETRAINED = "pretrained"
"""Names the networks that come with the project in place of a folder."""

_PRETRAINED_FOLDER = Path(__file__).parent.parent / "pretrained"


class Model(NamedTuple):
    """Trained networks of a task.

    Attributes:
      config: of the run.
      task: what the config makes.
      variables: of the networks that were loaded, by name.
    """

    config: ConfigDict
    task: Task
    variables: dict[str, Variables]

    @property
    def size(self) -> int:
        """Height and width in px that the networks were trained at."""
        return self.config.data.size

    def compile(self, name: str) -> Callable[..., Array]:
        """Return an inference function of arrays, compiled for each shape that it is called with."""
        return partial(jax.jit(self.task.inference[name].function), self.variables)


def load_model(folder: Path, functions: Sequence[str] | None, option: str) -> Model:
    """Load the networks that inference functions need, each with its EMA where the folder holds one.

    Args:
      folder: of a training run, an export or an import; or `PRETRAINED`.
      functions: their names; all of the task's if None.
      option: what named the folder, for errors.

    Raises:
      UserError: no run there, its task has no such function, or the checkpoint can't be read or lacks a network.
    """
    folder = _folder_of(folder, functions)
    config, task = _task_of(folder)
    names = list(task.inference) if functions is None else list(functions)
    missing = [name for name in names if name not in task.inference]
    if missing:
        offered = ", ".join(task.inference) or "none"
        raise UserError(
            f"{option}: the run at {folder} trained {config.task}, which has no function {', '.join(missing)}; "
            f"its functions are {offered}"
        )
    networks = sorted({network for name in names for network in task.inference[name].networks})
    return Model(config, task, _load_variables(folder, task, networks, option))


def is_pretrained(folder: Path) -> bool:
    """Return whether `PRETRAINED` is meant, and not a folder of that name."""
    return str(folder) == PRETRAINED and not folder.is_dir()


def offers(folder: Path, function: str) -> bool:
    """Return whether the task that was trained in a folder has an inference function.

    Raises:
      UserError: no run there.
    """
    if is_pretrained(folder):
        return _pretrained_folder([function]) is not None
    return function in _task_of(folder)[1].inference


def load_network(folder: Path, name: str, option: str) -> Model:
    """Load one network by its name, with its EMA where the folder holds one.

    Raises:
      UserError: as for `load_model`.
    """
    config, task = _task_of(folder)
    if name not in task.networks:
        raise UserError(f"{option}: the run at {folder} has no {name}; it has {', '.join(task.networks)}")
    return Model(config, task, _load_variables(folder, task, [name], option))


def _folder_of(folder: Path, functions: Sequence[str] | None) -> Path:
    """Return a folder, or for `PRETRAINED` that of the networks that come with the project and have these functions."""
    if not is_pretrained(folder):
        return folder
    if functions is None:
        raise UserError(f"{PRETRAINED} names several networks; name the folder of a run")
    found = _pretrained_folder(functions)
    if found is None:
        raise UserError(
            f"no network that comes with the project has {' and '.join(functions)}; `make pretrained` trains them, or "
            "name a run's folder"
        )
    return found


def _pretrained_folder(functions: Sequence[str]) -> Path | None:
    """Return the first of the shipped folders whose task has these functions, None if there is none."""
    folders = (path.parent for path in sorted(_PRETRAINED_FOLDER.glob("*/config.json")))
    return next((each for each in folders if set(functions) <= set(_task_of(each)[1].inference)), None)


def _task_of(folder: Path) -> tuple[ConfigDict, Task]:
    config = load_config(folder)
    try:
        return config, tasks.make(config)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error.args[0] if error.args else error).partition("\n")[0]
        raise UserError(f"{folder}: its config makes no task ({reason}); name another folder") from None


def _load_variables(folder: Path, task: Task, names: Sequence[str], option: str) -> dict[str, Variables]:
    saved_ema = models.saved_networks(folder, option).get("ema_params", set())
    wanted = {}
    for name in names:
        shapes = dict(variable_shapes(name, task.networks[name]))
        if name in saved_ema:
            shapes["ema_params"] = shapes.pop("params")
        wanted[name] = shapes
    loaded = swap_levels(models.load_part(folder, swap_levels(wanted), option, verify=False))
    return {
        name: {"params" if field == "ema_params" else field: tree for field, tree in fields.items()}
        for name, fields in loaded.items()
    }
