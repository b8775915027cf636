"""Measure what EBST gains over as many plain updates of the generator: `python -m launch.ebst_study`.

Renders faces whose styles are independent of their geometries, and faces where they go together; trains a MaskVAE on
each, and from three seeds a Dense Mapping Network, which EBST and plain training go on with for as many updates of the
generator. Compares their results of held-out edits from true masks, masks that have passed through the MaskVAE, and
masks as if drawn by hand; then EBST with other settings. Each step is a command that you can type yourself; steps that
are done are not repeated. Takes hours on 2 cores.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch.ebst_study.runs import CORRELATIONS, FACES_SEED, SEEDS, SIZE, STEPS, VARIANTS, Runs
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run

FACES = 2_000


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    run_all(commands(options.data, Runs(options.runs)))

    from launch.ebst_study import report  # imported last, so that the runs have all the memory

    report.report(Runs(options.runs))


def commands(data: Path, runs: Runs) -> Iterator[tuple[str, list[str]]]:
    """Yield name and arguments of every command, in order."""
    for faces, correlation in CORRELATIONS.items():
        folder = data / f"ebst_study_{faces}"
        options = [f"--out={folder}", f"--count={FACES}", f"--size={SIZE}", f"--seed={FACES_SEED}"]
        options.append(f"--correlation={correlation}")
        yield f"faces_{faces}", ["-m", "data_pipeline.synthetic_faces", *options]
        yield _train("mask_vae", runs.mask_vae(faces), folder, 0, STEPS["mask_vae"])
        for seed in SEEDS:
            dense_mapping = runs.dense_mapping(faces, seed)
            yield _train("dense_mapping", dense_mapping, folder, seed, STEPS["dense_mapping"])
            start = {"init.dense_mapping": dense_mapping}
            yield _train("dense_mapping", runs.longer(faces, seed), folder, seed, STEPS["longer"] | start)
            start["init.mask_vae"] = runs.mask_vae(faces)
            variants = VARIANTS if seed == SEEDS[0] else {"": {}}
            for name, fields in variants.items():
                settings = STEPS["ebst"] | start | fields
                yield _train("ebst", runs.ebst(faces, seed, name), folder, seed, settings)


def _train(stage: str, workdir: Path, data: Path, seed: int, settings: dict[str, object]) -> tuple[str, list[str]]:
    fields = {"data.directory": data, "seed": seed, **settings}
    options = [f"--config.{name}={value}" for name, value in fields.items()]
    return workdir.name, [
        "-m", "maskgan_jax.main", f"--config=configs/{stage}.py:quickstart", f"--workdir={workdir}", *options,
    ]  # fmt: skip


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.ebst_study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the faces (%(default)s)")
    parser.add_argument("--runs", type=Path, default=Path("runs/ebst_study"), help="folder of the runs (%(default)s)")
    return parser


if __name__ == "__main__":
    run(main, _parser())
