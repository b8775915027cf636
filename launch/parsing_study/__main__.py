"""Measure what the parsing loss does, and what generated faces do for a parser: `python -m launch.parsing_study`.

The second and third table of mask-guided portrait editing (Gu et al., CVPR 2019), on synthetic faces of 64 px. Beside
the portrait editor of `python -m launch.portrait_editing`, which is trained first where it is not there, it trains one
without the parsing loss, for as many steps, and lets a parser that neither has seen tell how well their faces follow
the masks. Then it trains parsers on 100 faces, and on these with 400 generated ones, from three seeds, for as many
steps. Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch import quickstart
from launch.parsing_study.runs import FEW_FACES, FEW_SEED, GENERATED, PARSER_STEPS, SEEDS, Runs
from launch.portrait_editing import TASKS
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    runs = Runs(Path("data"), options.runs)
    run_all(commands(runs))

    from launch.parsing_study import report  # imported last, so that the runs have all the memory

    report.report(runs)


def commands(runs: Runs) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    yield from quickstart.commands(TASKS, quickstart.FACES, 1, runs.folder)
    faces = quickstart.data_folder(quickstart.FACES)
    yield _train("portrait_editing", runs.editor(False), faces, {"losses.lambda_parsing": 0.0})
    yield _train("face_parser", runs.judge, faces, {"seed": 1})
    few, augmented = runs.parsers_faces(False), runs.parsers_faces(True)
    options = [f"--out={few}", f"--count={FEW_FACES}", f"--size={quickstart.SIZE}", f"--seed={FEW_SEED}"]
    yield few.name, ["-m", "data_pipeline.synthetic_faces", *options]
    if not augmented.exists():
        options = [f"--checkpoint={runs.editor(True)}", f"--data={few}", f"--count={GENERATED}", f"--out={augmented}"]
        yield augmented.name, ["-m", "maskgan_jax.edit", "augment", "--keep-originals", "--mix-parts", *options]
    for seed in SEEDS:
        fields = {"num_train_steps": PARSER_STEPS, "seed": seed}
        yield _train("face_parser", runs.parser(False, seed), few, fields)
        yield _train("face_parser", runs.parser(True, seed), augmented, fields)


def _train(task: str, workdir: Path, data: Path, fields: dict[str, object]) -> tuple[str, list[str]]:
    options = [f"--config.{name}={value}" for name, value in {"data.directory": data, **fields}.items()]
    config = f"--config=configs/{task}.py:quickstart"
    return workdir.name, ["-m", "maskgan_jax.main", config, f"--workdir={workdir}", *options]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.parsing_study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (%(default)s)")
    return parser


if __name__ == "__main__":
    run(main, _parser())
