"""The network that `--kind` names, among those of a config's task or of all configs."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.task import Network


class Kind(NamedTuple):
    """A network, its name in checkpoints, and the config that gives its sizes."""

    name: str
    network: Network
    config: ConfigDict


def find_kind(kind: str, config: ConfigDict | None = None) -> Kind:
    """Find a network by its name, or by that of its function of entry names, unless its task has several (`blender`).

    Args:
      kind: the name.
      config: of the task that has the network; without one, the published sizes: of the configs whose task has it, the
        one with the fewest networks; of several, the one named after its task.

    Raises:
      UserError: there is no such network; the message lists those there are.
    """
    given = [config.copy_and_resolve_references()] if config is not None else list(_full_size_configs())
    found, known = [], set()
    for each in given:
        networks = tasks.make(each).networks
        known |= networks.keys()
        functions = {name: network.entry_names.rpartition(":")[2] for name, network in networks.items()}
        times = Counter(functions.values())
        found += [
            ((len(networks), each.name != each.task), Kind(name, network, each))
            for name, network in networks.items()
            if kind == name or (kind == functions[name] and times[kind] == 1)
        ]
    if not found:
        where = f"the networks of {config.task}" if config is not None else "the networks"
        raise UserError(f"--kind: there is no {kind}; {where} are {', '.join(sorted(known))}; see --config for others")
    return min(found, key=lambda each: each[0])[1]


def _full_size_configs() -> Iterator[ConfigDict]:
    configs = importlib.import_module("configs")
    for _, name, _ in pkgutil.iter_modules(configs.__path__):
        module = importlib.import_module(f"configs.{name}")
        if hasattr(module, "get_config") and "task" in (config := module.get_config()):
            yield config
