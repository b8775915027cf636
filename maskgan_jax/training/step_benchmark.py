"""Measures the training step of any config on random batches: needs neither data nor TensorFlow, CLU or Orbax."""

import resource
import statistics
import sys
import time
from functools import partial

import jax
from jax.stages import Compiled
from ml_collections import ConfigDict
from tqdm import tqdm

from data_pipeline.batch_entries import random_batch
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.devices import hardware
from maskgan_jax.devices.mesh import compile_init, make_mesh, state_shardings, to_devices, to_host
from maskgan_jax.devices.model_flops import model_flop_utilisation, model_flops
from maskgan_jax.tasks.task import init_state
from maskgan_jax.training.compiled_step import compiled_step


def measure_step(config: ConfigDict, runs: int, steps: int) -> dict[str, object]:
    """Time the step of a config as the training loop runs it.

    Args:
      config: of the run; pretrained networks are initialised at random.
      runs: timed runs; the median over them is reported.
      steps: in each run.

    Returns:
      Results by name, in seconds, bytes and floating-point operations.

    Raises:
      UserError: the config asks for more than the devices can do.
    """
    task = tasks.make(config)
    mesh = make_mesh(config)
    initialise, key = partial(init_state, task, pretrained={}), jax.random.key(config.seed)
    shardings = state_shardings(jax.eval_shape(initialise, key), mesh)
    state = compile_init(initialise, shardings)(key)
    rows = random_batch(task.inputs, config.batch_size // jax.process_count(), config.data.size, config.seed)
    batch = next(to_devices([rows], mesh))

    started = time.perf_counter()
    try:
        step = compiled_step(config, task, shardings, mesh, state, batch)
        compile_seconds = time.perf_counter() - started
        state, report = jax.block_until_ready(step(state, batch))
        seconds = []
        for _ in tqdm(range(runs), desc="measuring", unit="run", disable=not sys.stderr.isatty()):
            started = time.perf_counter()
            for _ in range(steps):
                state, report = step(state, batch)
            jax.block_until_ready((state, report))
            seconds.append((time.perf_counter() - started) / steps)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise UserError(
            f"config.batch_size: {config.batch_size} examples at {config.data.size} px don't fit into the memory of "
            f"{jax.devices()[0].device_kind}; take fewer, or --config.accumulation_steps=2, or --config.dtype=bfloat16"
        ) from None

    step_seconds = statistics.median(seconds)
    flops = model_flops(config, state, batch)
    parameters = {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in state.params.items()}
    return {
        "config": config.name,
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "jax": jax.__version__,
        "dtype": config.dtype,
        "image size": config.data.size,
        "batch size": config.batch_size,
        **{f"parameters, {name}": count for name, count in sorted(parameters.items())},
        "compile, s": compile_seconds,
        "step, s (median)": step_seconds,
        "step, s (fastest)": min(seconds),
        "step, s (slowest)": max(seconds),
        "images/s": config.batch_size / step_seconds,
        "model operations of a step": flops,
        "model FLOP utilisation (of the half-precision peak)": model_flop_utilisation(flops, step_seconds),
        **_peak_memory(step),
        "losses": {name: float(value) for name, value in to_host(report.losses).items()},
    }


def _peak_memory(step: Compiled) -> dict[str, int]:
    """Return the allocator's peak; where the backend doesn't report it, as on a CPU, the process's."""
    in_use = hardware.peak_memory()
    if in_use is not None:
        peak = {"peak memory of a device, bytes": in_use}
    else:
        unit = 1 if sys.platform == "darwin" else 1024
        peak = {"peak memory of the process, bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    plan = step.memory_analysis()
    if plan is not None:
        total = plan.argument_size_in_bytes + plan.output_size_in_bytes - plan.alias_size_in_bytes
        peak["planned by the compiler, bytes"] = total + plan.temp_size_in_bytes
    return peak
