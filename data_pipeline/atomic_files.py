"""Files and folders that appear complete or not at all."""

import glob
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with its suffix, that replaces `path` at the end of the block.

    If the block raises, `path` stays as it was and the temporary file is removed. Missing parent folders are created.

    Raises:
      OSError: the file can't be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{_this_process()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that becomes `path` at the end of the block.

    Missing parent folders are created. If the block raises, they and the temporary folder are removed. Temporary
    folders for the same `path` that killed processes of this host left are removed at the beginning. Several processes
    can make the same folder at once: the first to finish does, the others get an OSError.

    Args:
      path: the folder to make; it does not exist yet, or is empty.

    Raises:
      OSError: it can't be written there, or `path` is no empty folder.
    """
    path = path.absolute()
    _remove_abandoned(path)
    created = [parent for parent in path.parents if not parent.exists()]
    temporary = path.with_name(f".{path.name}.{_this_process()}.partial")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):  # not empty
            for parent in created:
                parent.rmdir()


def _this_process() -> str:
    return f"{socket.gethostname()}.{os.getpid()}"


def _remove_abandoned(path: Path) -> None:
    """Remove temporary folders for `path` of processes of this host that don't run."""
    prefix, suffix = f".{path.name}.{socket.gethostname()}.", ".partial"
    for temporary in path.parent.glob(f"{glob.escape(prefix)}*{suffix}"):
        process = temporary.name[len(prefix) : -len(suffix)]
        if process.isdigit() and (int(process) == os.getpid() or not _runs(int(process))):
            shutil.rmtree(temporary, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
