"""The command that verifies checkpoints, as a user starts it."""

import pytest

from tests.commands import run_command
from tests.runs.small_runs import flip, save_steps


@pytest.fixture
def run(tmp_path):
    save_steps(tmp_path, {1: 20.0, 2: 21.0})
    return tmp_path


def test_intact_checkpoints_are_listed(run):
    done = run_command("maskgan_jax.verify", f"--checkpoint={run}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["step 2: intact", "step 1: intact"]


def test_a_corrupt_file_is_named_and_nothing_moved(run):
    corrupt = run / "checkpoints/2/default/manifest.ocdbt"
    flip(corrupt)
    before = sorted(run.rglob("*"))
    done = run_command("maskgan_jax.verify", f"--checkpoint={run}")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"step 2: corrupt: {corrupt} is not as it was written", "step 1: intact"]
    assert done.stderr.startswith(f"error: {run}: 1 of 2 checkpoints are corrupt; ")
    assert sorted(run.rglob("*")) == before


def test_a_folder_without_checkpoints_is_one_line(tmp_path):
    done = run_command("maskgan_jax.verify", f"--checkpoint={tmp_path}")
    assert done.returncode == 1
    assert done.stderr == (
        f"error: --checkpoint: no checkpoints in {tmp_path}; name the folder of a run, an export or an import\n"
    )


def test_help_shows_the_command():
    done = run_command("maskgan_jax.verify", "--help")
    assert done.returncode == 0
    assert "python -m maskgan_jax.verify --checkpoint=runs/ebst" in done.stdout
