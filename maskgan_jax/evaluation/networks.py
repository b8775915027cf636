"""Trained networks as functions of NumPy arrays that use all devices of this host."""

import hashlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jaxtyping import PyTree


def on_all_devices(function: Callable[..., Any], variables: PyTree) -> Callable[..., Any]:
    """Compile a function of variables and batches, and bind the variables.

    Args:
      function: its results have the batches' leading axis.
      variables: of the networks; a copy goes to every device.

    Returns:
      The function of batches (b ...), b a multiple of `jax.local_device_count()`; its results are NumPy arrays.
    """
    devices = jax.local_devices()
    mesh = jax.make_mesh((len(devices),), ("data",), axis_types=(AxisType.Auto,), devices=devices)
    rows, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("data",), ()))
    compiled = jax.jit(function, out_shardings=rows)
    variables = jax.device_put(variables, whole)

    def call(*batches: np.ndarray) -> Any:
        return jax.device_get(compiled(variables, *jax.device_put(batches, rows)))

    return call


def checksum(variables: PyTree) -> str:
    """Return the SHA-256 of all arrays of a tree, by their paths and bytes."""
    digest = hashlib.sha256()
    for path, array in jax.tree_util.tree_leaves_with_path(variables):
        array = np.asarray(array)
        digest.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
