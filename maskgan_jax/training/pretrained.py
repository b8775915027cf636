"""The trained networks that a new run begins with, from where `config.init` says they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.runs import models
from maskgan_jax.tasks.task import Network, Pretrained, Task, Variables, swap_levels, variable_shapes

ReadWeights = Callable[[Path, str, Network], Variables]
"""Reads a network's variables from a file of weights: file, name and network."""


def load_pretrained(config: ConfigDict, task: Task, read_weights: ReadWeights) -> dict[str, Variables]:
    """Load every pretrained network of a task.

    Args:
      config: with the folders or files in `config.init`.
      task: names the networks.
      read_weights: for an entry of `config.init` that is a file instead of a folder.

    Returns:
      Variables by network.

    Raises:
      UserError: one is missing, corrupt or of another shape; the message ends in what to do.
    """
    variables = {}
    for source in task.pretrained:
        try:
            variables |= _load(Path(config.init[source.field]), source, task.networks, read_weights)
        except UserError as error:
            raise UserError(f"{error}. {source.remedy}") from None
    return variables


def _load(
    path: Path, source: Pretrained, networks: Mapping[str, Network], read_weights: ReadWeights
) -> dict[str, Variables]:
    if path.is_file():
        return {name: read_weights(path, name, networks[name]) for name in source.networks}
    shapes = {name: variable_shapes(name, networks[name]) for name in source.networks}
    return swap_levels(models.load_part(path, swap_levels(shapes), f"config.init.{source.field}", verify=True))
