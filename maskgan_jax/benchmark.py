"""Measure the training step of any config on this machine, on random batches; no data, no TensorFlow.

  python -m maskgan_jax.benchmark --config=configs/ebst.py:quickstart
  python -m maskgan_jax.benchmark --config=configs/ebst.py --config.batch_size=1 --config.dtype=bfloat16 --json=out.json

Prints a table; --json writes the same results to a file.
"""

import json
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from data_pipeline.atomic_files import replacing
from maskgan_jax.cli import run
from maskgan_jax.training.step_benchmark import measure_step

CONFIG = config_flags.DEFINE_config_file("config", None, "The config to measure: a file of configs/, and a :variant.")
RUNS = flags.DEFINE_integer("runs", 5, "Timed runs; the median and the spread over them are reported.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 10, "Steps in each run.", lower_bound=1)
JSON = flags.DEFINE_string("json", None, "File to write the results to.")


def main(argv: list[str]) -> None:
    """Parse, measure and print."""
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
