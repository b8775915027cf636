"""Files and folders are complete or not there, whether a block raises or its process is killed."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_pipeline.atomic_files import new_folder, replacing

KILLED = """
import os, signal, sys
from pathlib import Path
from data_pipeline.atomic_files import new_folder, replacing

make, path = {"new_folder": new_folder, "replacing": replacing}[sys.argv[1]], Path(sys.argv[2])
with make(path) as temporary:
    (temporary / "part" if make is new_folder else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_while_writing(context: str, path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, context, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL


def fail_while_writing(make: Callable, path: Path) -> None:
    """Write into what a context of `atomic_files` yields, then raise a ZeroDivisionError."""
    with make(path) as temporary:
        (temporary / "part" if make is new_folder else temporary).write_text("half")
        raise ZeroDivisionError


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_replaces_the_old_one_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "new/model.txt"
    for content in ("old", "new"):
        with replacing(path) as temporary:
            temporary.write_text(content)
            assert temporary.suffix == ".txt"
            assert not path.exists() or path.read_text() == "old"
    assert path.read_text() == "new"
    assert everything_in(tmp_path) == ["new", "new/model.txt"]


def test_a_file_stays_as_it_was_if_the_block_raises(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fail_while_writing(replacing, path)
    assert path.read_text() == "old"
    assert everything_in(tmp_path) == ["model.txt"]


def test_a_file_stays_as_it_was_if_the_process_is_killed(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("old")
    kill_while_writing("replacing", path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_appears_at_the_end_of_the_block(tmp_path, exists):
    path = tmp_path / "a/b"
    if exists:
        path.mkdir(parents=True)
    with new_folder(path) as temporary:
        (temporary / "file").touch()
        assert not path.exists() or not list(path.iterdir())
    assert everything_in(tmp_path) == ["a", "a/b", "a/b/file"]


def test_nothing_is_left_of_a_folder_whose_block_raises(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fail_while_writing(new_folder, tmp_path / "a/b")
    assert everything_in(tmp_path) == []


def test_parent_folders_that_exist_stay_if_the_block_raises(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ZeroDivisionError):
        fail_while_writing(new_folder, tmp_path / "a/b/c")
    assert everything_in(tmp_path) == ["a"]


def test_what_a_killed_process_left_of_a_folder_is_removed_by_the_next_attempt(tmp_path):
    path = tmp_path / "faces"
    kill_while_writing("new_folder", path)
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1, "nothing was left by the killed process"
    with new_folder(path) as temporary:
        (temporary / "file").touch()
    assert everything_in(tmp_path) == ["faces", "faces/file"]


def test_the_first_of_two_processes_that_make_a_folder_wins(tmp_path):
    path, ready = tmp_path / "faces", tmp_path / "ready"
    slower = (
        "import sys; from pathlib import Path; from data_pipeline.atomic_files import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as temporary:\n"
        "    (temporary / 'slower').touch(); Path(sys.argv[2]).touch(); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", slower, path, ready], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not ready.exists():
        assert process.poll() is None
    with new_folder(path) as temporary:
        (temporary / "faster").touch()
    _, errors = process.communicate("")
    assert process.returncode == 1
    assert "OSError" in errors
    assert everything_in(tmp_path) == ["faces", "faces/faster", "ready"]


def test_a_folder_that_holds_something_is_not_replaced(tmp_path):
    path = tmp_path / "faces"
    path.mkdir()
    (path / "mine").touch()
    with pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)), new_folder(path):
        pass
    assert everything_in(tmp_path) == ["faces", "faces/mine"]
