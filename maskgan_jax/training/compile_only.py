"""The training step of a config compiled for a TPU topology, and what the compiler's plan says about it."""

import importlib.metadata
import math
import re
import time

import jax
from jax.stages import Compiled
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.batch_entries import random_batch
from maskgan_jax import tasks
from maskgan_jax.devices.collectives import read_collectives
from maskgan_jax.devices.hardware import TPU_CHIPS
from maskgan_jax.devices.hbm_traffic import hbm_traffic
from maskgan_jax.devices.mesh import batch_sharding, compile_step, make_mesh, state_shardings
from maskgan_jax.devices.model_flops import model_flops
from maskgan_jax.devices.roofline import by_kind, roofline
from maskgan_jax.devices.topology import compile_only_devices, parse
from maskgan_jax.tasks.task import init_state
from maskgan_jax.training.skipped_steps import with_report

REMEDIES = "fewer images a chip, --config.remat=True, --config.accumulation_steps=2 or --config.dtype=bfloat16"

UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def compile_only(config: ConfigDict, topology: str) -> dict[str, object]:
    """Compile the training step, as the training loop runs it, for a topology that is not here.

    Operations are the compiler's own count. Its count of the traffic is all operands and results of every operation:
    whole ones where only a slice is read, and those in the chip's VMEM too. The times use `hbm_traffic`, which reads
    the program's text. Of a loop over microbatches the compiler counts the operations of one, so with
    `accumulation_steps` there are no times.

    Args:
      config: of the run; `batch_size` is that of all chips.
      topology: such as `v5e:2x4`.

    Returns:
      Results by name, with units.

    Raises:
      UserError: there is no such topology, or the config asks for more than it can do.
    """
    generation, axes = parse(topology)
    chips = math.prod(axes)
    devices = compile_only_devices(topology)
    mesh = make_mesh(config, devices)
    task = tasks.make(config)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(config.seed))
    shardings = state_shardings(state, mesh)
    batch = {
        name: jax.ShapeDtypeStruct((config.batch_size, *row.shape[1:]), row.dtype)
        for name, row in random_batch(task.inputs, 1, config.data.size, config.seed).items()
    }
    results = {
        "config": config.name,
        "topology": f"{topology}, {chips} x {devices[0].device_kind}",
        "jax": jax.__version__,
        "libtpu": importlib.metadata.version("libtpu"),
        "dtype": config.dtype,
        "image size": config.data.size,
        "batch size of all chips": config.batch_size,
        "images a chip": config.batch_size // chips,
        "parameters, GB a chip": _held(state.params, shardings.params),
        "optimiser state, GB a chip": _held(state.opt_state, shardings.opt_state),
        "EMA, GB a chip": _held(state.ema_params, shardings.ema_params),
        "batch, GB a chip": _held(batch, {name: batch_sharding(mesh) for name in batch}),
    }

    started = time.perf_counter()
    try:
        step = compile_step(with_report(task.step), shardings, mesh).lower(state, batch).compile()
    except jax.errors.JaxRuntimeError as error:
        memory = memory_of_error(str(error))
        if memory is None:
            raise
        return results | memory | {"what to do": REMEDIES}
    results |= _memory_plan(step, TPU_CHIPS[generation].memory) | {"compile, s": time.perf_counter() - started}

    program = step.as_text()
    collectives, traffic = read_collectives(program), hbm_traffic(program)
    results |= by_kind(collectives)
    if config.accumulation_steps > 1:
        results["times"] = "not known: the compiler counts one of a step's microbatches"
    else:
        counted = step.cost_analysis()
        flops = model_flops(config, state, batch)
        model_operations = flops and flops / chips
        results |= {
            "operations a chip, by the compiler's count": counted["flops"],
            "operations a chip, by the networks' definition": model_operations,
            "HBM traffic, GB a chip, by the compiler's count": counted["bytes accessed"] / 1e9,
            "HBM traffic, GB a chip": traffic / 1e9,
            **roofline(generation, counted["flops"], traffic, model_operations, collectives),
        }
    return results


def memory_of_error(message: str) -> dict[str, object] | None:
    """Return how much memory a step needs and lacks by the compiler's error message; None for another error."""
    amount = r"([\d.]+)([KMGT])"
    forms = (rf"\({amount}\) exceeds available HBM \({amount}\)", rf"Used {amount} of {amount} hbm")
    found = next(filter(None, (re.search(form, message) for form in forms)), None)
    if not (found and "RESOURCE_EXHAUSTED" in message):
        return None
    used, available = float(found[1]) * UNITS[found[2]], float(found[3]) * UNITS[found[4]]
    return _fit(used, available)


def _memory_plan(step: Compiled, available: float) -> dict[str, object]:
    """Return what a step that fits keeps in memory; donated arrays are counted once."""
    plan = step.memory_analysis()
    arguments = plan.argument_size_in_bytes + plan.output_size_in_bytes - plan.alias_size_in_bytes
    parts = {
        "state and batch with padding, GB a chip": arguments,
        "temporaries, GB a chip": plan.temp_size_in_bytes,
        "program, GB a chip": plan.generated_code_size_in_bytes,
    }
    return {name: size / 1e9 for name, size in parts.items()} | _fit(sum(parts.values()), available)


def _fit(used: float, available: float) -> dict[str, object]:
    fits = used <= available
    return {
        "fits": fits,
        "memory needed, GB a chip": used / 1e9,
        "memory for programs, GB a chip": available / 1e9,
        f"memory {'left' if fits else 'missing'}, GB a chip": abs(available - used) / 1e9,
    }


def _held(tree: PyTree, shardings: PyTree) -> float:
    """Return the gigabytes of a tree's arrays on one device, without the padding of tiles."""
    sizes = jax.tree.map(
        lambda array, sharding: math.prod(sharding.shard_shape(array.shape)) * array.dtype.itemsize, tree, shardings
    )
    return sum(jax.tree.leaves(sizes)) / 1e9
