"""Measure what the parsing loss does, and what generated faces do for a parser: `python -m launch.parsing_study`.

The second and third table of mask-guided portrait editing (Gu et al., CVPR 2019), on synthetic faces of 64 px. Trains
the portrait editor with and without the parsing loss, for as many steps, and lets a parser that neither has seen tell
how well their faces follow the masks. Then trains parsers on 100 faces, and on these with 400 generated ones, from
three seeds, for as many steps. Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch.parsing_study.runs import (
    EDITOR_STEPS,
    FACES,
    FACES_SEED,
    FEW_FACES,
    FEW_SEED,
    GENERATED,
    PARSER_STEPS,
    SEEDS,
    SIZE,
    Runs,
)
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    runs = Runs(options.data, options.runs)
    run_all(commands(runs))

    from launch.parsing_study import report  # imported last, so that the runs have all the memory

    report.report(runs)


def commands(runs: Runs) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    few, augmented = runs.parsers_faces(False), runs.parsers_faces(True)
    for folder, count, seed in ((runs.faces, FACES, FACES_SEED), (few, FEW_FACES, FEW_SEED)):
        options = [f"--out={folder}", f"--count={count}", f"--size={SIZE}", f"--seed={seed}"]
        yield folder.name, ["-m", "data_pipeline.synthetic_faces", *options]
    yield _train("face_parser", runs.loss_parser, runs.faces, {})
    yield _train("face_parser", runs.judge, runs.faces, {"seed": 1})
    fields = {"num_train_steps": EDITOR_STEPS, "init.face_parser": runs.loss_parser}
    yield _train("portrait_editing", runs.editor(True), runs.faces, fields)
    fields |= {"losses.lambda_parsing": 0.0}
    yield _train("portrait_editing", runs.editor(False), runs.faces, fields)
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
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the faces (%(default)s)")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/parsing_study"), help="folder of the runs (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    run(main, _parser())
