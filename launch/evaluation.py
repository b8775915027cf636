"""Compute the paper's tables on rendered faces, in minutes: `make evaluation`, or `python -m launch.evaluation`.

Renders faces that no model was trained on, trains the judges on some of them, and compares the quickstarts' models, as
far as they are there, with the weights that come with the project on the others; `--all` trains the quickstart of every
system first. Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from launch import ebgan, portrait_editing, quickstart, spade
from launch.run_commands import run_all

FACES = 4_000
SIZE = 64
SEED = 1
"""Another one than the quickstart's and the pretrained weights' faces have."""
SYSTEMS = (
    *quickstart.STAGES, "pix2pixhd_m", *spade.TASKS, "stargan", "elegant", *portrait_editing.TASKS[1:], *ebgan.TASKS,
)  # fmt: skip
"""The tasks that make the models of the rows, in the order in which they need each other."""
JUDGES = ("attribute_classifier", "face_parser")
DATA = Path("data/evaluation")


def main() -> None:
    """Run the commands one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m launch.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--all", action="store_true", help="train the quickstart of every system first: hours on 2 cores"
    )
    systems = SYSTEMS if parser.parse_args().all else ()
    run_all(commands(systems))


def commands(systems: Sequence[str] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order; first the quickstarts of some systems."""
    if systems:
        yield from quickstart.commands(systems, quickstart.FACES, 1, Path("runs"))
    options = [f"--out={DATA}", f"--count={FACES}", f"--size={SIZE}", f"--seed={SEED}"]
    yield "faces of the tables", ["-m", "data_pipeline.synthetic_faces", *options]
    for judge in JUDGES:
        options = [f"--config=configs/{judge}.py:quickstart", f"--config.data.directory={DATA}"]
        yield f"{judge} of the tables", ["-m", "maskgan_jax.main", *options, f"--workdir=runs/{judge}_evaluation"]
    yield "tables", ["-m", "maskgan_jax.evaluate", "--config=configs/evaluation.py:quickstart"]


if __name__ == "__main__":
    main()
