"""Which entry of a PyTorch state dict is which of our arrays: a mapping per network, read in both directions."""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from flax import traverse_util
from jaxtyping import PyTree, Shaped

from maskgan_jax.tasks.task import Network, variable_shapes

Array = Shaped[np.ndarray, "..."]


class Layout(NamedTuple):
    """The order of an array's axes in the file and here; each function returns a view."""

    to_ours: Callable[[Array], Array]
    to_theirs: Callable[[Array], Array]


AS_IS = Layout(lambda x: x, lambda x: x)
CONV = Layout(lambda oihw: oihw.transpose(2, 3, 1, 0), lambda hwio: hwio.transpose(3, 2, 0, 1))
CONV_TRANSPOSE = Layout(lambda iohw: iohw.transpose(2, 3, 0, 1), lambda hwio: hwio.transpose(2, 3, 0, 1))
DENSE = Layout(lambda oi: oi.T, lambda io: io.T)
CONV_TO_DENSE = Layout(lambda oihw: oihw[:, :, 0, 0].T, lambda io: io.T[:, :, None, None])
"""A 1x1 convolution of a single pixel, which is a dense layer here."""


class Entry(NamedTuple):
    """One of our arrays: its name in the file, its path in the network's Flax variables and its layout there."""

    name: str
    path: tuple[str, ...]
    layout: Layout = AS_IS


class Unused(NamedTuple):
    """An entry of the file that enters no computation; `value` is that of a network that was trained here."""

    name: str
    value: Array


class Dropped(NamedTuple):
    """An entry that the file may have and that is not kept: it belongs to layers that our network does without."""

    name: str


Mapping = list[Entry | Unused | Dropped]


def mapping_of(name: str, network: Network) -> Mapping:
    """Return the mapping of a task's network: that of its published weights, or one that follows from our own names."""
    if not network.entry_names:
        return generic_mapping(variable_shapes(name, network))
    module, _, function = network.entry_names.partition(":")
    return getattr(importlib.import_module(module), function)(network.module)


def generic_mapping(shapes: PyTree) -> Mapping:
    """Name the variables of any network as PyTorch would: paths joined by dots, `kernel` as `weight`, and so on."""
    mapping = []
    for path, array in traverse_util.flatten_dict(shapes).items():
        collection, *layers, leaf = path
        name = ".".join([*layers, _PYTORCH_NAMES.get((collection, leaf), leaf)])
        layout = {4: CONV, 2: DENSE}.get(len(array.shape), AS_IS) if leaf == "kernel" else AS_IS
        mapping.append(Entry(name, path, layout))
    return mapping


_PYTORCH_NAMES = {
    ("params", "kernel"): "weight",
    ("params", "scale"): "weight",
    ("batch_stats", "mean"): "running_mean",
    ("batch_stats", "var"): "running_var",
}


def weight_and_bias(name: str, *path: str, layout: Layout = CONV) -> Mapping:
    """Map weight and bias of a convolution or a dense layer."""
    return [
        Entry(f"{name}.weight", ("params", *path, "kernel"), layout),
        Entry(f"{name}.bias", ("params", *path, "bias")),
    ]


def batch_norm(name: str, *path: str) -> Mapping:
    """Map scale, shift and running statistics of a batch norm."""
    return [
        Entry(f"{name}.weight", ("params", *path, "scale")),
        Entry(f"{name}.bias", ("params", *path, "bias")),
        *running_statistics(name, *path),
    ]


def running_statistics(name: str, *path: str) -> Mapping:
    """Map the running statistics of a batch norm; PyTorch also counts batches, which its default momentum ignores."""
    return [
        Entry(f"{name}.running_mean", ("batch_stats", *path, "mean")),
        Entry(f"{name}.running_var", ("batch_stats", *path, "var")),
        Unused(f"{name}.num_batches_tracked", np.zeros((), np.int64)),
    ]
