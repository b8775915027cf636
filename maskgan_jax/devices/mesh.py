"""The device mesh, the shardings of states and batches on it, and functions compiled for it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.tasks.task import TrainState

MIN_SHARDED_SIZE = 2**13
"""Entries of the smallest array that is split over `fsdp`; all-gathers of smaller ones cost more than the memory."""


def make_mesh(config: ConfigDict, devices: Sequence[jax.Device] | None = None) -> Mesh:
    """Return the mesh `config.mesh.data` x `config.mesh.fsdp` of the devices.

    Devices that are neighbours in JAX's order share an `fsdp` group.

    Args:
      config: of the run.
      devices: None: all of all hosts.

    Raises:
      UserError: the number of devices differs, or the global batch can't be split evenly over them.
    """
    device_count = jax.device_count() if devices is None else len(devices)
    asked = {axis: config.mesh[axis] for axis in ("data", "fsdp")}
    for axis, size in asked.items():
        if size < 1 and size != -1:
            raise UserError(f"config.mesh.{axis}: {size}; give a number of devices, or -1 for all the others")
    if all(size == -1 for size in asked.values()):
        raise UserError("config.mesh: data and fsdp are both -1, all the others; give one of them a number")
    given = max(asked["data"], 1) * max(asked["fsdp"], 1)
    sizes = [device_count // given if size == -1 else size for size in asked.values()]
    if sizes[0] * sizes[1] != device_count:
        raise UserError(
            f"config.mesh: data = {asked['data']} and fsdp = {asked['fsdp']} don't make up the {device_count} devices "
            f"of this run; give two numbers whose product is {device_count}, or -1 and a divisor of {device_count}"
        )
    parts = device_count * config.accumulation_steps
    if config.accumulation_steps < 1:
        raise UserError(f"config.accumulation_steps: {config.accumulation_steps}; give 1 or more")
    if config.batch_size % parts:
        microbatches = f" times {config.accumulation_steps} microbatches" if config.accumulation_steps > 1 else ""
        raise UserError(
            f"config.batch_size: {config.batch_size} examples can't be split evenly over {device_count} devices"
            f"{microbatches}; give a multiple of {parts}"
        )
    return jax.make_mesh(sizes, ("data", "fsdp"), axis_types=(AxisType.Auto, AxisType.Auto), devices=devices)


def replicated(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """Return the sharding of an array that every device holds whole."""
    return NamedSharding(mesh, PartitionSpec())


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Return the sharding of a batch: its leading axis is split over all devices."""
    return NamedSharding(mesh, PartitionSpec(("data", "fsdp")))


def state_shardings(shapes: PyTree, mesh: Mesh | AbstractMesh) -> PyTree:
    """Return the sharding of each array of a state, by its shape alone.

    An array of `MIN_SHARDED_SIZE` entries or more is split over the mesh's `fsdp` axis, along the largest of its axes
    that the axis divides, the last of equal ones; parameters, their moments and their EMA thus have equal shardings. An
    array that is smaller, or has no such axis, is replicated, as all are where `fsdp` is 1.

    Args:
      shapes: the state, as arrays or shapes.
      mesh: from `make_mesh`.

    Returns:
      A tree of NamedSharding with the structure of `shapes`.
    """
    parts = mesh.shape["fsdp"]

    def sharding(array: jax.ShapeDtypeStruct) -> NamedSharding:
        divisible = [axis for axis, size in enumerate(array.shape) if size % parts == 0]
        if parts == 1 or array.size < MIN_SHARDED_SIZE or not divisible:
            return replicated(mesh)
        largest = max(divisible, key=lambda axis: (array.shape[axis], axis))
        return NamedSharding(mesh, PartitionSpec(*[None] * largest, "fsdp"))

    return jax.tree.map(sharding, shapes)


def compile_step(step: Callable, shardings: PyTree, mesh: Mesh) -> Callable:
    """Return the jitted `(state, batch) -> (state, losses)`, which donates the state's memory to the next state.

    Split parameters are all-gathered for their use; each device updates its own shard.

    Args:
      step: of a task.
      shardings: the state's `state_shardings`, before the step and after it.
      mesh: from `make_mesh`.
    """
    return jax.jit(
        _with_gathered_parameters(step, mesh),
        donate_argnums=0,
        in_shardings=(shardings, batch_sharding(mesh)),
        out_shardings=(shardings, replicated(mesh)),
    )


def compile_eval(function: Callable, shardings: PyTree, mesh: Mesh) -> Callable:
    """Return the jitted `(state, batch) -> arrays`, which keeps the state and replicates its result."""
    return jax.jit(
        _with_gathered_parameters(function, mesh),
        in_shardings=(shardings, batch_sharding(mesh)),
        out_shardings=replicated(mesh),
    )


def _with_gathered_parameters(function: Callable, mesh: Mesh) -> Callable:
    """Return `function` with an all-gather of the state's parameters before it.

    Without it the partitioner splits activations by channel, as the kernels are split, and then back by example: five
    times as many collectives and a fourth more memory, in stage 2 on 4 CPU devices.
    """

    def with_gathered_parameters(state: TrainState, batch: PyTree) -> Any:
        params = jax.lax.with_sharding_constraint(state.params, replicated(mesh))
        return function(state.replace(params=params), batch)

    return with_gathered_parameters


def compile_init(function: Callable, shardings: PyTree) -> Callable:
    """Return the jitted `function`, which runs once, such as a state's initialisation.

    XLA's CPU back end optimises the random numbers of a hundred tensors for half a minute and gains milliseconds, so
    its optimisations are off there.

    Args:
      function: of arrays.
      shardings: of its result.
    """
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, out_shardings=shardings, compiler_options=options)


def to_devices(batches: Iterable[dict[str, np.ndarray]], mesh: Mesh) -> Iterator[dict[str, jax.Array]]:
    """Yield global batches on the devices, made of the rows of each host.

    One batch is copied ahead, so that the copy overlaps with the step before it.

    Args:
      batches: this host's rows of each batch.
      mesh: from `make_mesh`.
    """
    sharding = batch_sharding(mesh)
    ahead = None
    for rows in batches:
        batch = {name: jax.make_array_from_process_local_data(sharding, array) for name, array in rows.items()}
        if ahead is not None:
            yield ahead
        ahead = batch
    if ahead is not None:
        yield ahead


def shared_array(array: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """Return an array that every process holds whole as one of the devices of all of them."""
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])


def to_host(tree: PyTree) -> Any:
    """Return replicated arrays as NumPy arrays, in one transfer."""
    return jax.device_get(tree)
