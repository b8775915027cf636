"""Compute the paper's tables on rendered faces, in minutes: `make evaluation`, or `python -m launch.evaluation`.

Renders faces that no model was trained on, trains the judges on some of them, and compares the models of `make
quickstart`, as far as they are there, with the weights that come with the project on the others. Each step is a command
that you can type yourself; steps that are done are not repeated.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch.run_commands import run_all

FACES = 4_000
SIZE = 64
SEED = 1
"""Another one than the quickstart's and the pretrained weights' faces have."""
JUDGES = ("attribute_classifier", "face_parser")
DATA = Path("data/evaluation")


def main() -> None:
    """Run the commands one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m launch.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    run_all(commands())


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    options = [f"--out={DATA}", f"--count={FACES}", f"--size={SIZE}", f"--seed={SEED}"]
    yield "faces", ["-m", "data_pipeline.synthetic_faces", *options]
    for judge in JUDGES:
        options = [f"--config=configs/{judge}.py:quickstart", f"--config.data.directory={DATA}"]
        yield judge, ["-m", "maskgan_jax.main", *options, f"--workdir=runs/{judge}_evaluation"]
    yield "tables", ["-m", "maskgan_jax.evaluate", "--config=configs/evaluation.py:quickstart"]


if __name__ == "__main__":
    main()
