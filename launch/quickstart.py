"""Train and try all of MaskGAN in minutes on a CPU: `make quickstart`, or `python -m launch.quickstart`.

Renders synthetic faces, trains the three stages, edits held-out faces, prints one table and writes one image grid.
Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from launch.run_commands import run_all

FACES = 2000
SIZE = 64
SEED = 0
STAGES = ("mask_vae", "dense_mapping", "ebst")


def main() -> None:
    """Run the commands one after the other and report."""
    parser = argparse.ArgumentParser(
        prog="python -m launch.quickstart", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    options = parser.parse_args()
    seconds = run_all(commands(STAGES, options.faces, options.training, options.runs))

    from launch import quickstart_report  # imported last, so that the stages have all the memory

    stages = {stage: options.runs / f"{stage}_quickstart" for stage in STAGES}
    quickstart_report.report(data_folder(options.faces), SIZE, SEED, stages, options.runs / "quickstart", seconds)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `commands` leaves open."""
    parser.add_argument("--faces", type=int, default=FACES, help="how many synthetic faces (%(default)s)")
    parser.add_argument(
        "--training", type=float, default=1.0, help="train this many times as long, e.g. 20 on a GPU (%(default)s)"
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        help="folder of the runs; another one for other settings (%(default)s)",
    )


def data_folder(faces: int) -> Path:
    """Return the directory of the faces."""
    return Path(f"data/quickstart_{faces}" if faces != FACES else "data/quickstart")


def commands(stages: Sequence[str], faces: int, training: float, runs: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order: the faces, then the training of each stage."""
    data = data_folder(faces)
    options = [f"--out={data}", f"--count={faces}", f"--size={SIZE}", f"--seed={SEED}"]
    yield "faces", ["-m", "data_pipeline.synthetic_faces", *options]
    for stage in stages:
        config = importlib.import_module(f"configs.{stage}").get_config("quickstart")
        options = []
        if training != 1:
            options.append(f"--config.num_train_steps={max(1, round(training * config.num_train_steps))}")
        if faces != FACES:
            options.append(f"--config.data.directory={data}")
        if runs != Path("runs"):
            options.append(f"--workdir={runs / config.name}")
            pretrained = [name for name in stages if config.get("init", {}).get(name)]
            options += [f"--config.init.{name}={runs / name}_quickstart" for name in pretrained]
        yield stage, ["-m", "maskgan_jax.main", f"--config=configs/{stage}.py:quickstart", *options]


if __name__ == "__main__":
    main()
