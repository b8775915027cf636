"""Devices: the mesh, what lies where on it, and functions compiled for it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from maskgan_jax.errors import UserError


def make_mesh(batch_size: int) -> Mesh:
    """All devices of all hosts along one axis, `data`, that the batch is split over.

    Raises:
      UserError: the global batch can't be split evenly.
    """
    devices = jax.device_count()
    if batch_size % devices:
        raise UserError(
            f"config.batch_size: {batch_size} examples can't be split evenly over {devices} devices; "
            f"take a multiple of {devices}"
        )
    return jax.make_mesh((devices,), ("data",), axis_types=(AxisType.Auto,))


def replicated(mesh: Mesh) -> NamedSharding:
    """The whole array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def by_example(mesh: Mesh) -> NamedSharding:
    """The leading axis split over the devices."""
    return NamedSharding(mesh, PartitionSpec("data"))


def compile_step(step: Callable, mesh: Mesh) -> Callable:
    """`(state, batch) -> (state, losses)` over the mesh; the state's memory is reused for the next one."""
    return jax.jit(
        step,
        donate_argnums=0,
        in_shardings=(replicated(mesh), by_example(mesh)),
        out_shardings=(replicated(mesh), replicated(mesh)),
    )


def compile_reader(function: Callable, mesh: Mesh) -> Callable:
    """`(state, batch) -> arrays` over the mesh, the state left alone, the result whole on every device."""
    return jax.jit(function, in_shardings=(replicated(mesh), by_example(mesh)), out_shardings=replicated(mesh))


def compile_once(function: Callable, mesh: Mesh) -> Callable:
    """A function that runs once, such as one that draws a state; the result whole on every device.

    XLA's CPU back end optimises the random numbers of a hundred tensors for half a minute and gains milliseconds, so
    there it is told not to.
    """
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, out_shardings=replicated(mesh), compiler_options=options)


def to_devices(batches: Iterable[dict[str, np.ndarray]], mesh: Mesh) -> Iterator[dict[str, jax.Array]]:
    """Each host's rows to its devices as one global batch; one batch ahead, so that the copy hides behind the step."""
    sharding = by_example(mesh)
    ahead = None
    for rows in batches:
        batch = {name: jax.make_array_from_process_local_data(sharding, array) for name, array in rows.items()}
        if ahead is not None:
            yield ahead
        ahead = batch
    if ahead is not None:
        yield ahead


def to_host(tree: PyTree) -> Any:
    """Arrays that every device holds whole, as NumPy arrays, in one transfer."""
    return jax.device_get(tree)
