import shutil
from pathlib import Path

import pytest
from absl import logging

from tests.runs.small_runs import save_steps


@pytest.fixture(scope="session")
def saved_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with checkpoints of steps 1 and 2, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("saved_run")
    save_steps(folder, {1: 20.0, 2: 21.0})
    return folder


@pytest.fixture
def run(saved_run: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(saved_run, tmp_path / "run"))


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged as a warning."""
    lines = []
    monkeypatch.setattr(logging, "warning", lambda line, *values: lines.append(line % values))
    return lines
