"""A network's weights between a PyTorch state dict and the tree that a checkpoint holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from flax import traverse_util
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.inference import models
from maskgan_jax.interop import entries, state_dicts
from maskgan_jax.interop.entries import Dropped, Entry, Unused
from maskgan_jax.interop.kinds import Kind
from maskgan_jax.interop.state_dicts import Arrays

NAMED = 3
"""How many of the entries that don't fit a message names; it counts the rest."""


def load(path: Path, kind: Kind, config: ConfigDict) -> dict[str, PyTree]:
    """Reads a network's state dict.

    Returns:
      What a checkpoint holds: `params`, `batch_stats` and `unused`, by network.

    Raises:
      UserError: the file is no state dict, or not one of this network at the config's sizes.
    """
    arrays = state_dicts.read(path)
    network, shapes = models.build(kind.network, config)
    mapping = kind.entries_of(network)
    problems = list(_problems(arrays, mapping, shapes))
    if problems:
        more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        raise UserError(
            f"{path}: no {kind.network} of the config's sizes: {'; '.join(problems[:NAMED])}{more}; "
            "the file and the config must be of one network"
        )
    variables, unused = to_variables(arrays, mapping)
    parts = {"params": {}, "batch_stats": {}} | variables | {"unused": unused}
    return {name: {kind.network: part} if part else {} for name, part in parts.items()}


def to_variables(arrays: Arrays, mapping: entries.Mapping) -> tuple[dict[str, PyTree], PyTree]:
    """The Flax variables of a network's state dict; and the entries that enter no computation.

    The latter are a tree under their names split at the dots; those that the state dict goes without are as in a
    network that was trained here.
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
    """The reverse of `to_variables`; `unused` is {} for a network that was trained here."""
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
    """What is missing, of another shape or type, not finite, or not known."""
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
