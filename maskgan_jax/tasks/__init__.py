"""What can be trained, one file per task; `make` finds the one that a config names."""

import importlib
import importlib.util
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType

from data_pipeline.errors import UserError
from maskgan_jax.tasks.task import Task

ENTRY_POINTS = "maskgan_jax.tasks"
"""Entry point group under which an installed package offers tasks of its own."""


def make(config) -> Task:
    """Build the task that `config.task` names from the rest of the config.

    A task is a module with a function `make(config) -> Task`: a file of `maskgan_jax/tasks/`, or one that an installed
    package offers under the entry point group `maskgan_jax.tasks`. No other module is ever imported, for a saved
    config may be a stranger's.

    Raises:
      UserError: there is no such task, or the config names none.
    """
    if "task" not in config:
        raise UserError(f"{config.name} names no task to train; configs/evaluation.py is for maskgan_jax.evaluate")
    return _find(config.task).make(config)


def _find(name: str) -> ModuleType:
    if name.isidentifier() and importlib.util.find_spec(f"{__name__}.{name}"):
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "make"):
            return module
    for entry_point in entry_points(group=ENTRY_POINTS, name=name):
        return entry_point.load()
    raise UserError(f"config.task: there is no task '{name}'; the tasks are {', '.join(_names())}")


def _names() -> list[str]:
    modules = [name for _, name, _ in pkgutil.iter_modules(__path__)]
    own = [name for name in modules if hasattr(importlib.import_module(f"{__name__}.{name}"), "make")]
    return sorted({*own, *entry_points(group=ENTRY_POINTS).names})
