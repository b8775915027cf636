"""A network's weights between a PyTorch state dict and Flax variables."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from flax import traverse_util
from jaxtyping import PyTree

from data_pipeline.errors import UserError
from maskgan_jax.interop import entries, state_dicts
from maskgan_jax.interop.entries import Dropped, Entry, Unused
from maskgan_jax.interop.state_dicts import Arrays
from maskgan_jax.tasks.task import Network, Variables, variable_shapes

MAX_NAMED = 3
"""How many of the entries that don't fit a message names; it counts the rest."""


def read_variables(path: Path, name: str, network: Network) -> Variables:
    """Read a network's variables from a state dict; raises as `load` does."""
    return load(path, name, network)[0]


def load(path: Path, name: str, network: Network) -> tuple[Variables, PyTree]:
    """Read a network's state dict.

    Args:
      path: the file.
      name: of the network, for errors.
      network: what the file must hold.

    Returns:
      The variables, and the tree of entries that enter no computation, see `to_variables`.

    Raises:
      UserError: the file is no state dict, or not one of this network.
    """
    arrays = state_dicts.read(path)
    mapping = entries.mapping_of(name, network)
    problems = list(_problems(arrays, mapping, variable_shapes(name, network)))
    if problems:
        more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
        raise UserError(
            f"{path}: no {name} of the config's sizes: {'; '.join(problems[:MAX_NAMED])}{more}; "
            "the file and the config must be of one network"
        )
    return to_variables(arrays, mapping)


def to_variables(arrays: Arrays, mapping: entries.Mapping) -> tuple[Variables, PyTree]:
    """Return the Flax variables of a network's state dict, and the entries that enter no computation.

    The latter are a tree under their names split at the dots; those that the state dict lacks are as in a network that
    was trained here.
    """
    variables, unused = {}, {}
    for entry in mapping:
        match entry:
            case Entry(name, path, layout):
                variables[path] = layout.to_ours(arrays[name]).copy()
            case Unused(name, value):
                unused[tuple(name.split("."))] = arrays.get(name, value)
    return traverse_util.unflatten_dict(variables), traverse_util.unflatten_dict(unused)


def to_state_dict(variables: Mapping[str, PyTree], unused: PyTree, mapping: entries.Mapping) -> dict[str, np.ndarray]:
    """Return the state dict of Flax variables, the reverse of `to_variables`; `unused` may be {}."""
    ours, kept = traverse_util.flatten_dict(variables), traverse_util.flatten_dict(unused, sep=".")
    arrays = {}
    for entry in mapping:
        match entry:
            case Entry(name, path, layout):
                arrays[name] = layout.to_theirs(np.asarray(ours[path]))
            case Unused(name, value):
                arrays[name] = kept.get(name, value)
    return arrays


def _problems(arrays: Arrays, mapping: entries.Mapping, shapes: PyTree) -> Iterator[str]:
    """Yield what is missing, of another shape or dtype, not finite, or unknown."""
    shapes = traverse_util.flatten_dict(shapes)
    for entry in mapping:
        match entry:
            case Entry(name, path, layout):
                needed = layout.to_theirs(np.broadcast_to(np.float32(0), shapes[path].shape))
            case Unused(name, needed):
                pass
            case Dropped():
                continue
        array = arrays.get(name)
        if array is None:
            if isinstance(entry, Entry):
                yield f"entry {name} is missing, shape {needed.shape}"
        elif array.shape != needed.shape:
            yield f"entry {name} needs shape {needed.shape}, found {array.shape}"
        elif array.dtype != needed.dtype:
            yield f"entry {name} needs {needed.dtype}, found {array.dtype}"
        elif not np.isfinite(array).all():
            yield f"entry {name} holds numbers that are not finite"
    known = {entry.name for entry in mapping}
    yield from (
        f"entry {name!r} of shape {array.shape} is not known" for name, array in arrays.items() if name not in known
    )
