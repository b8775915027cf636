"""Measure the training step of any config on this machine, on random batches; no data, no TensorFlow.

  python -m maskgan_jax.benchmark --config=configs/ebst.py:quickstart
  python -m maskgan_jax.benchmark --config=configs/ebst.py --config.batch_size=1 --config.dtype=bfloat16 --json=out.json
  python -m maskgan_jax.benchmark --config=configs/ebst.py --config.dtype=bfloat16 --topology=v5e:2x4

Prints a table; --json writes the same results to a file. With --topology the step is compiled for TPUs that are not
here and not run: what it needs of a chip, and the least time that the chip's peaks allow for it.
"""

import json
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.devices.topology import EXAMPLES
from maskgan_jax.training.step_benchmark import measure_step
from maskgan_jax.training.topology_benchmark import plan_step

CONFIG = config_flags.DEFINE_config_file("config", None, "The config to measure: a file of configs/, and a :variant.")
RUNS = flags.DEFINE_integer("runs", 5, "Timed runs; the median and the spread over them are reported.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 10, "Steps in each run.", lower_bound=1)
TOPOLOGY = flags.DEFINE_string(
    "topology", None, f"Compile for these TPUs instead of timing runs of steps, on a machine without any: {EXAMPLES}."
)
LARGEST_BATCH = flags.DEFINE_boolean(
    "largest_batch", False, "With --topology: look for the largest batch that fits, compiling one after another."
)
JSON = flags.DEFINE_string("json", None, "File to write the results to.")


def main(argv: list[str]) -> None:
    """Parse, measure or compile, and print."""
    if TOPOLOGY.value is not None:
        given = [f"--{flag.name}" for flag in (RUNS, STEPS) if flag.present]
        if given:
            raise UserError(f"{' and '.join(given)}: with --topology nothing runs; leave out one or the other")
        results = plan_step(CONFIG.value, TOPOLOGY.value, LARGEST_BATCH.value)
    elif LARGEST_BATCH.value:
        raise UserError(f"--largest_batch: needs --topology, such as one of {EXAMPLES}")
    else:
        results = measure_step(CONFIG.value, RUNS.value, STEPS.value)
    width = max(map(len, results))
    for name, value in results.items():
        print(f"{name:<{width}}  {_readable(value)}")
    if JSON.value:
        with replacing(Path(JSON.value)) as path:
            path.write_text(json.dumps(results, indent=2) + "\n")


def _readable(value: object) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name} {_readable(entry)}" for name, entry in value.items()) or "none"
    return str(value)


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    run(main)
