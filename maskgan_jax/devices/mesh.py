"""Devices: the mesh, what lies where on it, and functions compiled for it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.tasks.task import TrainState

SPLIT_FROM_SIZE = 2**13
"""Entries of the smallest array that `fsdp` splits: of a smaller one the exchange costs more than the memory."""


def make_mesh(config: ConfigDict) -> Mesh:
    """All devices of all hosts as `config.mesh.data` x `config.mesh.fsdp`; neighbours share an `fsdp` group.

    Raises:
      UserError: there are not as many devices, or the global batch can't be split evenly over them.
    """
    devices = jax.device_count()
    asked = {axis: config.mesh[axis] for axis in ("data", "fsdp")}
    for axis, size in asked.items():
        if size < 1 and size != -1:
            raise UserError(f"config.mesh.{axis}: {size}; give a number of devices, or -1 for all that are left")
    if all(size == -1 for size in asked.values()):
        raise UserError("config.mesh: data and fsdp are both -1, all that are left; give one of them a number")
    given = max(asked["data"], 1) * max(asked["fsdp"], 1)
    sizes = [devices // given if size == -1 else size for size in asked.values()]
    if sizes[0] * sizes[1] != devices:
        raise UserError(
            f"config.mesh: data = {asked['data']} and fsdp = {asked['fsdp']} don't make up the {devices} devices that "
            f"are there; let their product be {devices}, or one of them -1 and the other a divisor of {devices}"
        )
    parts = devices * config.accumulation_steps
    if config.accumulation_steps < 1:
        raise UserError(f"config.accumulation_steps: {config.accumulation_steps}; give 1 or more")
    if config.batch_size % parts:
        microbatches = f" times {config.accumulation_steps} microbatches" if config.accumulation_steps > 1 else ""
        raise UserError(
            f"config.batch_size: {config.batch_size} examples can't be split evenly over {devices} devices"
            f"{microbatches}; take a multiple of {parts}"
        )
    return jax.make_mesh(sizes, ("data", "fsdp"), axis_types=(AxisType.Auto, AxisType.Auto))


def replicated(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """The whole array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def by_example(mesh: Mesh) -> NamedSharding:
    """The leading axis split over all devices."""
    return NamedSharding(mesh, PartitionSpec(("data", "fsdp")))


def state_sharding(shapes: PyTree, mesh: Mesh | AbstractMesh) -> Any:
    """Where each array of a state lies, from its shape alone: a tree of NamedSharding.

    An array of `SPLIT_FROM_SIZE` entries or more is split over the mesh's `fsdp` axis, along the largest of its axes
    that this divides, the last of equal ones; so parameters, their moments and their average lie alike. What is
    smaller, or has no such axis, is whole on every device, and so is everything where `fsdp` is 1.
    """
    parts = mesh.shape["fsdp"]

    def place(array: jax.ShapeDtypeStruct) -> NamedSharding:
        divisible = [axis for axis, size in enumerate(array.shape) if size % parts == 0]
        if parts == 1 or array.size < SPLIT_FROM_SIZE or not divisible:
            return replicated(mesh)
        largest = max(divisible, key=lambda axis: (array.shape[axis], axis))
        return NamedSharding(mesh, PartitionSpec(*[None] * largest, "fsdp"))

    return jax.tree.map(place, shapes)


def compile_step(step: Callable, layout: PyTree, mesh: Mesh) -> Callable:
    """`(state, batch) -> (state, losses)` over the mesh; the state's memory is reused for the next one.

    `layout` is the state's `state_sharding`, before the step and after it. Split parameters are gathered for their use,
    and each device updates the part that it holds.
    """
    return jax.jit(
        _gathering(step, mesh),
        donate_argnums=0,
        in_shardings=(layout, by_example(mesh)),
        out_shardings=(layout, replicated(mesh)),
    )


def compile_reader(function: Callable, layout: PyTree, mesh: Mesh) -> Callable:
    """`(state, batch) -> arrays` over the mesh, the state left alone, the result whole on every device."""
    return jax.jit(_gathering(function, mesh), in_shardings=(layout, by_example(mesh)), out_shardings=replicated(mesh))


def _gathering(function: Callable, mesh: Mesh) -> Callable:
    """Hands a function whole parameters.

    Left to itself the partitioner splits activations by channel, as it finds the kernels, and then back by example:
    five times as many exchanges and a fourth more memory, in stage 2 on 4 CPU devices.
    """

    def with_whole_parameters(state: TrainState, batch: PyTree) -> Any:
        params = jax.lax.with_sharding_constraint(state.params, replicated(mesh))
        return function(state.replace(params=params), batch)

    return with_whole_parameters


def compile_once(function: Callable, layout: PyTree) -> Callable:
    """A function that runs once, such as one that draws a state; `layout` says where its result lies.

    XLA's CPU back end optimises the random numbers of a hundred tensors for half a minute and gains milliseconds, so
    there it is told not to.
    """
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, out_shardings=layout, compiler_options=options)


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
