"""Scripts as a user starts them, with stand-ins for the commands of a cloud or a cluster first on PATH."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`stand_in(name, program)` puts a Bash program first on PATH under that name and returns where it is."""
    folder = tmp_path / "stand_ins"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for variable in ("TPU_NAME", "ZONE", "PROJECT_ID", "ACCELERATOR_TYPE", "RUNTIME_VERSION", "XLA_FLAGS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTHON", sys.executable)

    def put(name: str, program: str) -> Path:
        path = folder / name
        path.write_text(f"#!/usr/bin/env bash\n{program}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def start(stand_in) -> Callable[..., subprocess.CompletedProcess]:
    """`start(script, *arguments)` runs a script of launch/ in the repository's root, or `root`; output as text.

    A gcloud that may be installed on this machine is out of its reach.
    """
    stand_in("gcloud", 'echo "gcloud $*" >&2; exit 1')

    def run(script: str, *arguments: str, root: Path = PROJECT) -> subprocess.CompletedProcess:
        command = ["bash", PROJECT / "launch" / script, *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)

    return run
