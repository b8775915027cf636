"""The Slurm script, in a job whose srun, squeue and scontrol are stand-ins."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = "--config=configs/ebst.py"


@pytest.fixture
def job(stand_in, monkeypatch):
    """Set the variables that Slurm sets for a batch script."""
    for name, value in {"JOB_ID": "7", "GPUS_ON_NODE": "4", "NTASKS_PER_NODE": "4", "CPUS_PER_TASK": "6"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)


@pytest.fixture
def srun(stand_in, tmp_path) -> Callable[[str], Path]:
    """Return a function of a program that installs an srun which runs it, and returns the file of its arguments."""

    def install(program: str) -> Path:
        arguments = tmp_path / "srun_arguments"
        stand_in("srun", f'printf "%s\\n" "$@" >"{arguments}"; {program}')
        return arguments

    return install


def test_training_runs_once_per_task_with_all_flags(start, srun, job):
    arguments = srun("exit 0")
    assert start("slurm.sbatch", CONFIG, "--config.name=a b").returncode == 0
    given = arguments.read_text().splitlines()
    assert given[-6:] == [sys.executable, "-m", "maskgan_jax.main", "--distributed", CONFIG, "--config.name=a b"]
    assert "--cpus-per-task=6" in given[:-6]


def test_dry_run_prints_the_command_of_the_job(start, srun, job):
    arguments = srun("exit 0")
    start("slurm.sbatch", CONFIG, "--config.name=a b")
    done = start("slurm.sbatch", "--dry-run", CONFIG, "--config.name=a b")
    assert shlex.split(done.stdout) == ["srun", *arguments.read_text().splitlines()]


def test_dry_run_needs_no_slurm(start):
    assert start("slurm.sbatch", "--dry-run", CONFIG).returncode == 0


@pytest.mark.parametrize(
    ("status", "state", "requeued"),
    [
        (0, "RUNNING", False),
        (os.EX_TEMPFAIL, "RUNNING", True),
        (os.EX_TEMPFAIL, "COMPLETING", False),  # cancelled
        (1, "RUNNING", False),
        (2, "RUNNING", False),
        (137, "RUNNING", False),
    ],
)
def test_only_an_interrupted_and_saved_job_is_requeued(start, stand_in, srun, job, tmp_path, status, state, requeued):
    srun(f"exit {status}")
    stand_in("squeue", f"echo {state}")
    stand_in("scontrol", f'echo "$*" >"{tmp_path}/scontrol"')
    assert start("slurm.sbatch", CONFIG).returncode == status
    assert [path.read_text() for path in tmp_path.glob("scontrol")] == ["requeue 7\n"] * requeued


def test_the_script_outlives_the_signal_that_slurm_sends_before_the_time_limit(start, stand_in, srun, job, tmp_path):
    srun(f"kill -TERM $PPID; sleep 0.2; exit {os.EX_TEMPFAIL}")
    stand_in("squeue", "echo RUNNING")
    stand_in("scontrol", f'touch "{tmp_path}/requeued"')
    assert start("slurm.sbatch", CONFIG).returncode == os.EX_TEMPFAIL
    assert (tmp_path / "requeued").exists()


def test_a_number_of_tasks_other_than_that_of_gpus_is_an_error(start, srun, job, monkeypatch):
    srun("exit 0")
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "8")
    done = start("slurm.sbatch", CONFIG)
    assert done.returncode == 2
    assert done.stderr == (
        "error: 8 tasks on a node with 4 GPUs; set both to one number: --gpus-per-node=4 --ntasks-per-node=4\n"
    )
