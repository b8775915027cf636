"""Train the weights that come with the project: `make pretrained`, or `python -m launch.pretrained`.

Renders synthetic faces; trains face parser, MaskVAE, Dense Mapping Network (first at half the size, where a step takes
a quarter of the time) and EBST, and the Dense Mapping Network alone for as many generator updates as EBST has; compares
the two on held-out edits and writes the better one, in half precision, with a record of how it was made. Hours on 2
cores, minutes on a GPU. Each step is a command that you can type yourself; the same command again goes on where the
last one stopped.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from configs import ebst
from data_pipeline.errors import UserError
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run

FACES = 10_000
SIZE = 128
SEED = 0
HALF_SIZE = "dense_mapping_half_size"
"""Run of the Dense Mapping Network that the one at the full size begins with: its shapes are the same at every size."""
HALF_SIZE_SETTINGS = {
    "data.size": SIZE // 2,
    "batch_size": 4,
    "losses.lambda_pixel": 30.0,
    "optimiser.learning_rate": 1e-3,
    "num_train_steps": 8_000,
    "evaluators.paper_tables.every_steps": 0,  # of faces that were rendered at another size the truth is not known
}
LONGER = "dense_mapping_longer"
"""Run of the Dense Mapping Network trained on without EBST."""
UPDATES_A_STEP = 2
"""Of the generator by EBST, Algorithm 1."""


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other, compare and export.

    Raises:
      UserError: the folder to write holds something else, or the export is too large.
    """
    check_out(options.out)
    steps = list(commands(options.data, options.runs))
    run_all(steps)

    from launch import pretrained_report  # imported last, so that the stages have all the memory

    pretrained_report.report(options.data, SEED, SIZE, options.runs, options.out, [command for _, command in steps])


def check_out(out: Path) -> None:
    """Refuse a folder that no earlier export wrote.

    Raises:
      UserError: it holds something else.
    """
    if out.exists() and not (out / "record.json").is_file():
        raise UserError(f"--out: {out} exists and holds other things than these weights; name another folder")


def commands(data: Path, runs: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    options = [f"--out={data}", f"--count={FACES}", f"--size={SIZE}", f"--seed={SEED}"]
    yield "faces", ["-m", "data_pipeline.synthetic_faces", *options]
    for stage in ("face_parser", "mask_vae"):
        yield stage, _train(stage, stage, data, runs)
    half = [f"--config.{name}={value}" for name, value in HALF_SIZE_SETTINGS.items()]
    yield HALF_SIZE, [*_train("dense_mapping", HALF_SIZE, data, runs), *half]
    start = f"--config.init.dense_mapping={runs / HALF_SIZE}_pretrained"
    yield "dense_mapping", [*_train("dense_mapping", "dense_mapping", data, runs), start]
    starts = [f"--config.init.{stage}={runs / stage}_pretrained" for stage in ("mask_vae", "dense_mapping")]
    yield "ebst", [*_train("ebst", "ebst", data, runs), *starts]
    config = ebst.get_config("pretrained")
    length = f"--config.num_train_steps={UPDATES_A_STEP * config.num_train_steps}"
    rate = f"--config.optimiser.learning_rate={config.optimiser.learning_rate}"
    yield LONGER, [*_train("dense_mapping", LONGER, data, runs), starts[1], length, rate]


def _train(stage: str, name: str, data: Path, runs: Path) -> list[str]:
    options = [f"--config.data.directory={data}", f"--workdir={runs / name}_pretrained"]
    return ["-m", "maskgan_jax.main", f"--config=configs/{stage}.py:pretrained", *options]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.pretrained", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/pretrained"), help="folder of the faces (%(default)s)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (%(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("maskgan_jax/pretrained"), help="folder to write (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    run(main, _parser())
