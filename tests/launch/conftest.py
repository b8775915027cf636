"""Run the scripts of launch/ as a user does, with stand-ins for the commands of a cloud or a cluster."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Return a function of name and Bash program that installs the program first on PATH and returns its path."""
    folder = tmp_path / "stand_ins"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    slurm = [variable for variable in os.environ if variable.startswith("SLURM_")]
    for variable in ("TPU_NAME", "ZONE", "PROJECT_ID", "ACCELERATOR_TYPE", "RUNTIME_VERSION", "XLA_FLAGS", *slurm):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTHON", sys.executable)

    def install(name: str, program: str) -> Path:
        path = folder / name
        path.write_text(f"#!/usr/bin/env bash\n{program}\n")
        path.chmod(0o755)
        return path

    return install


@pytest.fixture
def start(stand_in) -> Callable[..., subprocess.CompletedProcess]:
    """Return a function that runs a script of launch/ with arguments, in the repository's root or in `root`.

    No installed gcloud is reachable, and no variable of a surrounding Slurm job is set.
    """
    stand_in("gcloud", 'echo "gcloud $*" >&2; exit 1')

    def run(script: str, *arguments: str, root: Path = PROJECT) -> subprocess.CompletedProcess:
        command = ["bash", PROJECT / "launch" / script, *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)

    return run
