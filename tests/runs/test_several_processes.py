"""A run's checkpoints opened by several processes: all take the same step, or all end."""

import pytest

from tests.commands import joins, run_together, start_command
from tests.runs.small_runs import flip, saved_steps

pytestmark = pytest.mark.slow


def test_all_open_the_latest_checkpoint_that_process_0_finds_intact(run):
    flip(run / "checkpoints/2/default/manifest.ocdbt")
    done = run_together("tests.runs.open_run", f"--workdir={run}", devices=1)
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert [each.stdout.splitlines()[-1] for each in done] == ["1", "1"]
    assert saved_steps(run) == ["1"]


def test_where_process_0_finds_no_intact_checkpoint_all_end_with_one_line(run):
    for step in (1, 2):
        flip(run / f"checkpoints/{step}/default/manifest.ocdbt")
    done = run_together("tests.runs.open_run", f"--workdir={run}", devices=1)
    assert [each.returncode for each in done] == [1, 1], [each.stderr for each in done]
    assert f"error: {run}: no intact checkpoint in" in done[0].stderr
    assert f"error: the checkpoints of {run}: failed on process 0" in done[1].stderr


def test_processes_with_different_folders_are_refused(run, tmp_path):
    first, second = (
        start_command("tests.runs.open_run", f"--workdir={folder}", *join)
        for folder, join in zip((tmp_path / "new", run), joins(2), strict=True)
    )
    try:
        printed = second.communicate(timeout=60)[1]
        assert second.returncode == 1
        assert "process 0 finds step None there, process 1 finds 2; give all" in printed.splitlines()[-1]
    finally:
        first.kill()
        first.communicate()
