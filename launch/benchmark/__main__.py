"""Measure this project and the same networks in PyTorch side by side: `python -m launch.benchmark`.

Both sides begin with the same weights and inputs, and their losses and gradients are compared before anything is timed.
Each side is a process of its own; the two take turns. On a GPU, PyTorch also runs compiled with autocast, and this
project in bfloat16. Needs PyTorch, and no TensorFlow.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from launch.benchmark.report import table
from launch.benchmark.workloads import WORK, Settings, networks_of
from maskgan_jax.cli import at_least, run

TOLERANCE = {"float32": 1e-3, "gpu": 2e-2, "bfloat16": 0.1}
"""Largest relative difference of a loss: on a CPU; with a GPU's TF32; in bfloat16.

Rounding decides a few pixels of the simulated edits, label maps of random networks.
"""

GRADIENT_TOLERANCE = {"float32": 1e-2, "gpu": 0.1, "bfloat16": 0.3}
"""Of a gradient's norm: that of an L1 loss changes its sign where rounding decides which of two features is larger."""


class Side:
    """A worker process.

    Attributes:
      first: what it said of its first run.
      seconds_to_first: from its start to the end of its first run.
      seconds: of each timed run.
    """

    def __init__(self, settings: Settings):
        started = time.perf_counter()
        command = [sys.executable, "-m", "launch.benchmark.worker", json.dumps(settings._asdict())]
        environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.settings = settings
        self.first = self._read()
        self.seconds_to_first = time.perf_counter() - started
        self._read()  # it is idle from here on, while other sides run
        self.seconds = []

    def measure(self) -> None:
        """Time one run."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(self._read()["seconds"])

    def finish(self) -> int:
        """End the runs and return the peak of its memory in bytes."""
        self.process.stdin.close()
        return self._read()["bytes"]

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise UserError(f"{self.settings.framework}, {self.settings.work}: the process ended, see above")
        return json.loads(line)


def main(options: argparse.Namespace) -> None:
    """Measure everything and write the results."""
    chosen = [work for work in WORK if not options.only or options.only.lower() in work.lower()]
    if not chosen:
        raise UserError(f"--only={options.only}: in no name of {'; '.join(WORK)}")
    if importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is missing: pip install torch, or pip install --editable '.[torch]'")
    options.runs = options.runs or (2 if options.quick else 5)
    results = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "size": options.size, "runs": options.runs}
    with tempfile.TemporaryDirectory() as weights:
        gpu = _write_weights(options.size, weights, {name for work in chosen for name in networks_of(work)})
        for work in tqdm(chosen, unit="comparison", disable=not sys.stderr.isatty()):
            results.setdefault("work", {})[work] = compare(work, options, weights, gpu)
            print(table(results["work"], [work]), flush=True)
    print(f"\n{results['machine']}, {options.size} px\n{table(results['work'], chosen)}")
    if options.json:
        with replacing(options.json) as path:
            path.write_text(json.dumps(results, indent=2) + "\n")


def compare(work: str, options: argparse.Namespace, weights: str, gpu: bool) -> dict[str, dict]:
    """Measure one thing on every side; the sides take turns.

    Raises:
      UserError: the sides compute different things.
    """
    common = Settings("jax", work, options.size, options.batch_size, not options.quick, "float32", False, weights)
    settings = {"jax": common, "pytorch": common._replace(framework="pytorch")}
    if gpu:
        settings["jax, bfloat16"] = common._replace(dtype="bfloat16")
        settings["pytorch, compiled, autocast"] = settings["pytorch"]._replace(dtype="bfloat16", compiled=True)
    with contextlib.ExitStack() as stack:
        sides = {name: stack.enter_context(Side(each)) for name, each in settings.items()}
        differences = {name: _difference(work, sides["pytorch"], side, gpu) for name, side in sides.items()}
        for _ in range(options.runs):
            for side in sides.values():
                side.measure()
        return {
            name: {
                "seconds": sorted(side.seconds),
                "seconds to the first result": side.seconds_to_first,
                "peak bytes": side.finish(),
                "largest relative difference from pytorch": differences[name],
                "version": side.first["version"],
                "device": side.first["device"],
            }
            for name, side in sides.items()
        }


def _difference(work: str, reference: Side, side: Side, gpu: bool) -> float:
    theirs, ours = reference.first["numbers"], side.first["numbers"]
    if theirs.keys() != ours.keys():
        raise UserError(f"{work}: one side reports {', '.join(theirs)}, the other {', '.join(ours)}")
    differences = {name: abs(ours[name] - theirs[name]) / max(abs(theirs[name]), 1e-6) for name in theirs}
    kind = "bfloat16" if side.settings.dtype == "bfloat16" else "gpu" if gpu else "float32"
    for name, difference in differences.items():
        if not difference <= (GRADIENT_TOLERANCE if "gradient" in name else TOLERANCE)[kind]:
            raise UserError(
                f"{work}: the sides compute different things: {name} is {ours[name]:.6g} in "
                f"{side.settings.framework} ({side.settings.dtype}) and {theirs[name]:.6g} in PyTorch; "
                "nothing was timed"
            )
    return max(differences.values())


def _write_weights(size: int, folder: str, networks: set[str]) -> bool:
    """Write the weights of all sides in another process: this one needs no PyTorch. Return whether it has a GPU."""
    command = [sys.executable, "-m", "launch.benchmark.weights", str(size), folder, *networks]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UserError("PyTorch can't make the networks, see above")
    return json.loads(done.stdout)["gpu"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m launch.benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512, choices=(64, 128, 256, 512), help="images, px (%(default)s)")
    parser.add_argument("--batch_size", type=at_least(1), default=1, help="examples of a batch (%(default)s)")
    parser.add_argument("--runs", type=at_least(1), help="timed runs of each side (5, or 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="2 runs, and no VGG19 in the EBST step: minutes on a CPU")
    parser.add_argument("--only", help=f"measure only what has this in its name: {'; '.join(WORK)}")
    parser.add_argument("--json", type=Path, help="file to write all results to")
    return parser


if __name__ == "__main__":
    run(main, _parser())
