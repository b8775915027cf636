"""Train and try mask-guided portrait editing in minutes on a CPU: `python -m launch.portrait_editing`.

Renders synthetic faces, trains a face parser and the portrait editor, and gives parts of held-out faces the appearance
that they have in others: one table, and one sheet of pictures. Each step is a command that you can type yourself; steps
that are done are not repeated.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch.quickstart import FACES, SEED, SIZE, data_folder
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run

TASKS = ("face_parser", "portrait_editing")


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    run_all(commands(options.runs))

    from launch.portrait_editing import report  # imported last, so that the training has all the memory

    report.report(options.runs / "portrait_editing_quickstart", SEED, options.runs / "portrait_editing_results")


def commands(runs: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    data = data_folder(FACES)
    yield "faces", ["-m", "data_pipeline.synthetic_faces", f"--out={data}", f"--count={FACES}", f"--size={SIZE}",
                    f"--seed={SEED}"]  # fmt: skip
    for task in TASKS:
        options = [f"--config=configs/{task}.py:quickstart", f"--workdir={runs / task}_quickstart"]
        if task == "portrait_editing":
            options.append(f"--config.init.face_parser={runs}/face_parser_quickstart")
        yield task, ["-m", "maskgan_jax.main", *options]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.portrait_editing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (%(default)s)")
    return parser


if __name__ == "__main__":
    run(main, _parser())
