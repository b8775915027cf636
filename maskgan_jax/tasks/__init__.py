"""What can be trained, one file each; `make` builds the one that a config names."""

import importlib

from data_pipeline.errors import UserError
from maskgan_jax.tasks.task import Task

NAMES = ("mask_vae", "dense_mapping", "ebst", "face_parser")


def make(config) -> Task:
    """The task that `config.task` names, built from the rest of the config.

    Raises:
      UserError: no such task.
    """
    if config.task not in NAMES:
        raise UserError(f"config.task: there is no task '{config.task}'; the tasks are {', '.join(NAMES)}")
    return importlib.import_module(f"maskgan_jax.tasks.{config.task}").make(config)
