"""Verifies the checksums of all checkpoints in a folder: a training run's, an export's or an import's.

  python -m maskgan_jax.verify --checkpoint=runs/ebst

Prints a line for each checkpoint, the latest first: its step and "intact", or "corrupt" and the file. The exit status
is 1 if one is corrupt. Nothing is moved or changed. Training verifies when it resumes, and moves corrupt checkpoints to
quarantined_checkpoints/; commands that only load a model don't, for a full EBST checkpoint has 3 GB. Run this when one
of them can't read a checkpoint, or after copying a run to another machine.
"""

import argparse
from pathlib import Path

from data_pipeline.errors import UserError
from maskgan_jax.cli import ArgumentParser, run
from maskgan_jax.runs import integrity


def main(options: argparse.Namespace) -> None:
    """Print which checkpoints of a folder are intact.

    Raises:
      UserError: one is corrupt or can't be read, or there are none.
    """
    steps = integrity.saved_steps(options.checkpoint)
    if not steps:
        raise UserError(
            f"--checkpoint: no checkpoints in {options.checkpoint}; name the folder of a run, an export or an import"
        )
    corrupt = [step for step in steps if not _report(options.checkpoint, step)]
    if corrupt:
        raise UserError(
            f"{options.checkpoint}: {len(corrupt)} of {len(steps)} checkpoints are corrupt; resume the run, which "
            "moves them away and continues from the latest intact one, or copy the folder from a backup"
        )


def _report(workdir: Path, step: int) -> bool:
    """Print the line of a checkpoint and return whether it is intact."""
    found = integrity.corruptions(integrity.checkpoints_folder(workdir) / str(step))
    print(f"step {step}: corrupt: {'; '.join(found)}" if found else f"step {step}: intact", flush=True)
    return not found


def parser() -> ArgumentParser:
    """Return the command line's parser."""
    arguments = ArgumentParser(
        prog="python -m maskgan_jax.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--checkpoint", type=Path, required=True, metavar="FOLDER", help="a training run, an export or an import"
    )
    return arguments


if __name__ == "__main__":
    run(main, parser())
