"""Measures the training step of any config on this machine, on made-up batches; no data, no TensorFlow.

  python -m maskgan_jax.benchmark --config=configs/ebst.py:quickstart
  python -m maskgan_jax.benchmark --config=configs/ebst.py --config.batch_size=1 --config.dtype=bfloat16 --json=out.json

Prints a table; --json writes the same figures to a file.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import jax
import numpy as np
from absl import flags
from jax.stages import Compiled
from ml_collections import ConfigDict, config_flags
from tqdm import tqdm

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from maskgan_jax import tasks
from maskgan_jax.cli import run
from maskgan_jax.devices import hardware, mesh
from maskgan_jax.devices.model_flops import model_flop_utilisation, model_flops
from maskgan_jax.runs.directory import replace_text
from maskgan_jax.training.skip_nonfinite import guarded

CONFIG = config_flags.DEFINE_config_file("config", None, "The config to measure: a file of configs/, and a :variant.")
RUNS = flags.DEFINE_integer("runs", 5, "Timed runs; the median and the spread over them are reported.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 10, "Steps in each run.", lower_bound=1)
JSON = flags.DEFINE_string("json", None, "File to write the figures to.")


def main(argv: list[str]) -> None:
    """Parses, measures and reports."""
    config = CONFIG.value
    figures = measure(config, RUNS.value, STEPS.value)
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {_readable(value)}")
    if JSON.value:
        replace_text(Path(JSON.value), json.dumps(figures, indent=2) + "\n")


def measure(config: ConfigDict, runs: int, steps: int) -> dict[str, object]:
    """The figures by name; seconds, bytes and operations in plain units.

    Raises:
      UserError: the config asks for what the devices can't do.
    """
    task = tasks.make(config)
    devices = mesh.make_mesh(config)
    rng = jax.random.key(config.seed)

    def draw_state(rng):
        return task.init(rng, {name: draw(rng) for name, draw in task.starts.items()})

    layout = mesh.state_sharding(jax.eval_shape(draw_state, rng), devices)
    state = mesh.compile_once(draw_state, layout)(rng)
    batch = next(mesh.to_devices([_made_up_batch(config)], devices))
    parameters = {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in state.params.items()}

    started = time.perf_counter()
    try:
        step = mesh.compile_step(guarded(task.step), layout, devices).lower(state, batch).compile()
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
    return {
        "config": config.name,
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "jax": jax.__version__,
        "dtype": config.dtype,
        "image size": config.data.size,
        "batch size": config.batch_size,
        **{f"parameters, {name}": count for name, count in parameters.items()},
        "compile, s": compile_seconds,
        "step, s (median)": step_seconds,
        "step, s (fastest)": min(seconds),
        "step, s (slowest)": max(seconds),
        "images/s": config.batch_size / step_seconds,
        "model operations of a step": flops,
        "model FLOP utilisation (of the half-precision peak)": model_flop_utilisation(flops, step_seconds),
        **_peak_memory(step),
        "losses": {name: float(value) for name, value in mesh.to_host(report.losses).items()},
    }


def _made_up_batch(config: ConfigDict) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(config.seed)
    b, size = config.batch_size // jax.process_count(), config.data.size
    return {
        "image_t": rng.integers(0, 256, (b, size, size, 3), np.uint8),
        "mask_t": rng.integers(0, NUM_CLASSES, (b, size, size), np.uint8),
        "mask_ref": rng.integers(0, NUM_CLASSES, (b, size, size), np.uint8),
        "index": np.arange(b, dtype=np.int32),
    }


def _peak_memory(step: Compiled) -> dict[str, int]:
    """What the device's allocator saw; where it doesn't tell, as on a CPU, what the process took."""
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


def _readable(value: object) -> str:
    match value:
        case None:
            return "not known"
        case float():
            return f"{value:.4g}"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name} {_readable(entry)}" for name, entry in value.items())
    return str(value)


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    run(main)
