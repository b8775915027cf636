"""Trained networks as functions of NumPy arrays that use all devices of all hosts."""

import hashlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from maskgan_jax.devices.mesh import shared_array


def on_all_devices(function: Callable[..., Any], variables: PyTree) -> Callable[..., Any]:
    """Compile a function of variables and batches, and bind the variables.

    Args:
      function: its results have the batches' leading axis.
      variables: of the networks; a copy goes to every device.

    Returns:
      The function of batches (b ...), b a multiple of `jax.device_count()`; its results are NumPy arrays. All processes
      call it together with equal batches and get equal results.
    """
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))
    rows, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("data",), ()))
    compiled = jax.jit(function, out_shardings=whole)
    variables = jax.tree.map(lambda array: shared_array(np.asarray(array), whole), variables)

    def call(*batches: np.ndarray) -> Any:
        return jax.device_get(compiled(variables, *(shared_array(batch, rows) for batch in batches)))

    return call


def checksum(variables: PyTree) -> str:
    """Return the SHA-256 of all arrays of a tree, by their paths and bytes."""
    digest = hashlib.sha256()
    for path, array in jax.tree_util.tree_leaves_with_path(variables):
        array = np.asarray(array)
        digest.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
