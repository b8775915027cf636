"""Checksums of a folder's files, kept among them in the format that `sha256sum --check` reads."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from maskgan_jax.runs.directory import replace_text

NAME = "SHA256SUMS"
APART = (NAME, f"{NAME}.partial", "commit_success.txt")
"""Files without a checksum; the last is a mark that Orbax adds on some file systems when all else is done."""


def write(folder: Path) -> None:
    """Writes the checksums of all files under a folder, whole or not at all."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    replace_text(folder / NAME, "".join(lines))


def damage(folder: Path) -> str | None:
    """What is wrong with the files under a folder; None where they are as they were when `write` saw them.

    Raises:
      OSError: they can't be read.
    """
    try:
        lines = (folder / NAME).read_text().splitlines()
        noted = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except FileNotFoundError:
        return f"no {NAME} in {folder}"
    except ValueError as error:
        return f"{folder / NAME}: {error}"
    found = _digests(folder)
    changed = sorted(name for name in noted.keys() | found.keys() if noted.get(name) != found.get(name))
    return f"{folder / changed[0]} is not as it was written" if changed else None


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path from the folder; hashing runs outside the interpreter lock."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in APART]
    with ThreadPoolExecutor() as pool:
        return dict(zip((path.relative_to(folder).as_posix() for path in paths), pool.map(_digest, paths), strict=True))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
