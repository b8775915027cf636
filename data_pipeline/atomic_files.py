"""Files and folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with its suffix, that replaces `path` at the end of the block.

    If the block raises, `path` stays as it was and the temporary file is removed. Missing parent folders are created.

    Raises:
      OSError: the file can't be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that becomes `path` at the end of the block.

    If the block raises, the temporary folder is removed; so is one that an earlier, killed process left.

    Args:
      path: the folder to make; it does not exist yet, or is empty.

    Raises:
      OSError: it can't be written there, or `path` holds something.
    """
    temporary = path.absolute().with_name(f".{path.absolute().name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        os.replace(temporary, path.absolute())
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
