"""Measure what EBST gains over as many plain updates of the generator: `python -m launch.ebst_study`.

Renders faces whose styles are independent of their geometries, and faces where they go together, at 64 px; on each,
trains a MaskVAE and goes on with the Dense Mapping Network that comes with the project, until it edits these faces
well. From there EBST and plain training go on, from three seeds, for as many updates of the generator. Compares their
results of held-out edits from true masks, masks that have passed through the MaskVAE, and masks as if drawn by hand;
then, on independent faces, EBST with other settings. Each step is a command that you can type yourself; steps that are
done are not repeated. Takes hours on 2 cores.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from launch.ebst_study.runs import (
    CORRELATIONS,
    FACES_SEED,
    MASK_VAE_WIDTHS,
    SEEDS,
    SHIPPED,
    SIZE,
    STEPS,
    VARIANTS,
    VARIED_FACES,
    Runs,
)
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run

FACES = 4_000


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
        yield _train("mask_vae", runs.mask_vae(faces), folder, SEEDS[0], STEPS["mask_vae"])
        shipped = {"init.dense_mapping": SHIPPED, "init.discriminator": "new"}
        yield _train("dense_mapping", runs.dense_mapping(faces), folder, SEEDS[0], STEPS["dense_mapping"] | shipped)
        start = {"init.dense_mapping": runs.dense_mapping(faces)}
        for seed in SEEDS:
            yield _train("dense_mapping", runs.longer(faces, seed), folder, seed, STEPS["longer"] | start)
            settings = STEPS["ebst"] | start | {"init.mask_vae": runs.mask_vae(faces)}
            yield _train("ebst", runs.ebst(faces, seed), folder, seed, settings)
    yield from _commands_of_variants(data / f"ebst_study_{VARIED_FACES}", runs)


def _commands_of_variants(folder: Path, runs: Runs) -> Iterator[tuple[str, list[str]]]:
    crude = runs.mask_vae(VARIED_FACES, "crude_masks")
    yield _train("mask_vae", crude, folder, SEEDS[0], STEPS["crude_mask_vae"])
    for name, fields in VARIANTS.items():
        starts = {
            "init.dense_mapping": runs.dense_mapping(VARIED_FACES),
            "init.mask_vae": runs.mask_vae(VARIED_FACES, name),
        }
        settings = STEPS["ebst"] | starts | fields
        yield _train("ebst", runs.ebst(VARIED_FACES, SEEDS[0], name), folder, SEEDS[0], settings)


def _train(stage: str, workdir: Path, data: Path, seed: int, settings: dict[str, object]) -> tuple[str, list[str]]:
    fields = {"data.directory": data, "data.size": SIZE, "seed": seed, **settings}
    if stage != "dense_mapping":
        fields["networks.mask_vae.widths"] = MASK_VAE_WIDTHS
    if stage != "mask_vae":
        fields["evaluators.paper_tables.every_steps"] = 0  # a run at 64 px; the report has better figures
    options = [f"--config.{name}={value}" for name, value in fields.items()]
    return workdir.name, [
        "-m", "maskgan_jax.main", f"--config=configs/{stage}.py:pretrained", f"--workdir={workdir}", *options,
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
