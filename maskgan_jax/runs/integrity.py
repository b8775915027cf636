"""A run's checkpoints as files: which there are, which of them are corrupt, and quarantine for those.

Orbax makes a checkpoint visible by a rename, so a killed run leaves none that is half written. Orbax detects only part
of what happens to the files afterwards; each checkpoint therefore holds checksums of its files. Nothing here imports
JAX, so that the command which only verifies starts at once.
"""

import hashlib
import itertools
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from absl import logging

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError

STATE = "default"
"""Orbax's name for the folder of a checkpoint that holds the state."""

CHECKSUMS = "SHA256SUMS"
"""The file among a state's files that holds their checksums, in the format that `sha256sum --check` reads."""

WITHOUT_CHECKSUM = (CHECKSUMS, "commit_success.txt")
"""The second is a mark that Orbax adds on some file systems after everything else."""


def checkpoints_folder(workdir: Path) -> Path:
    """Return the folder of a run that holds a folder of each checkpoint, named by its step."""
    return workdir.absolute() / "checkpoints"


def saved_steps(workdir: Path) -> list[int]:
    """Return the steps that have a checkpoint, the latest first.

    Raises:
      UserError: the folder can't be read.
    """
    folder = checkpoints_folder(workdir)
    try:
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    except OSError as error:
        raise UserError(f"{folder}: can't be read ({error}); change the folder's permissions") from None
    return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files under a folder into it, whole or not at all."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    with replacing(folder / CHECKSUMS) as temporary:
        temporary.write_text("".join(lines))


def corruptions(checkpoint: Path) -> list[str]:
    """Return what is wrong with a checkpoint's files, one entry a file; reads and hashes all of them.

    Raises:
      UserError: a file can't be read, so that it may or may not be corrupt.
    """
    try:
        return metadata_corruptions(checkpoint) or _changed_files(checkpoint / STATE)
    except OSError as error:
        raise UserError(
            f"{checkpoint}: can't be read ({error}); nothing was moved: see to the file system and give the same "
            "command again"
        ) from None


def metadata_corruptions(checkpoint: Path) -> list[str]:
    """Return what is wrong with Orbax's JSON files beside the state, which it reads of every checkpoint of a run."""
    for name in ("_CHECKPOINT_METADATA", "metrics/metrics"):
        try:
            if name == "_CHECKPOINT_METADATA" or (checkpoint / name).parent.exists():
                json.loads((checkpoint / name).read_text())
        except (FileNotFoundError, ValueError) as error:
            return [f"{checkpoint / name}: {error}"]
    return []


def latest_intact(workdir: Path, wanted_by: str) -> int | None:
    """Return the latest step whose checkpoint is intact, None if there is no checkpoint.

    Logs a warning for each later checkpoint, naming the corrupt file.

    Args:
      workdir: the run's folder.
      wanted_by: what an error names: the folder, or the field or option that gave it.

    Raises:
      UserError: all checkpoints are corrupt, or one can't be read.
    """
    corrupt = {}
    for step in saved_steps(workdir):
        found = corruptions(checkpoints_folder(workdir) / str(step))
        if not found:
            for bad, reason in corrupt.items():
                logging.warning("The checkpoint of step %d is corrupt (%s); step %d is read instead", bad, reason, step)
            return step
        corrupt[step] = found[0]
    if not corrupt:
        return None
    reason = next(iter(corrupt.values()))
    raise UserError(
        f"{wanted_by}: no intact checkpoint in {checkpoints_folder(workdir)} ({reason}); copy one there from a backup, "
        "or train again in another folder"
    )


def quarantine(workdir: Path, step: int) -> None:
    """Move a checkpoint to the run's `quarantined_checkpoints/`, beside what was moved there before.

    Raises:
      OSError: it can't be moved.
    """
    folder = workdir / "quarantined_checkpoints"
    folder.mkdir(exist_ok=True)
    names = itertools.chain([str(step)], (f"{step}.{count}" for count in itertools.count(1)))
    unused = next(folder / name for name in names if not (folder / name).exists())
    os.replace(checkpoints_folder(workdir) / str(step), unused)


def remove_unfinished(workdir: Path) -> None:
    """Remove checkpoints that a killed process or a full disk left half written."""
    for unfinished in checkpoints_folder(workdir).glob("*.orbax-checkpoint-tmp*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _changed_files(folder: Path) -> list[str]:
    """Return the files under a folder that differ from its checksums, are missing or new.

    Raises:
      OSError: a file can't be read.
    """
    try:
        lines = (folder / CHECKSUMS).read_text().splitlines()
        written = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except FileNotFoundError:
        return [f"{folder / CHECKSUMS}: no such file"]
    except ValueError as error:
        return [f"{folder / CHECKSUMS}: {error}"]
    found = _digests(folder)
    changed = sorted(name for name in written.keys() | found.keys() if written.get(name) != found.get(name))
    return [f"{folder / name} is not as it was written" for name in changed]


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file by its path from the folder; hashing releases the interpreter lock."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in WITHOUT_CHECKSUM]
    with ThreadPoolExecutor() as pool:
        return dict(zip((path.relative_to(folder).as_posix() for path in paths), pool.map(_digest, paths), strict=True))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
