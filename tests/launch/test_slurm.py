"""The Slurm script, in a job whose srun, squeue and scontrol are stand-ins."""

import sys

import pytest

CONFIG = "--config=configs/ebst.py"


@pytest.fixture
def job(monkeypatch):
    """What Slurm tells a batch script."""
    for name, value in {"JOB_ID": "7", "GPUS_ON_NODE": "4", "NTASKS_PER_NODE": "4", "CPUS_PER_TASK": "6"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)


def test_a_dry_run_needs_no_slurm_and_is_its_command(start, monkeypatch):
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    done = start("slurm.sbatch", "--dry-run", CONFIG, "--config.name=a b")
    assert done.stdout.splitlines() == [
        "srun --gpu-bind=none --cpus-per-task=8 --kill-on-bad-exit=0 --wait=60 --label "
        f"{sys.executable} -m maskgan_jax.main --distributed {CONFIG} --config.name=a\\ b"
    ]


@pytest.mark.parametrize(
    ("status", "state", "requeued"),
    [
        (0, "RUNNING", False),
        (75, "RUNNING", True),
        (75, "COMPLETING", False),
        (1, "RUNNING", False),
        (2, "RUNNING", False),
        (137, "RUNNING", False),
    ],
)
def test_a_job_that_saved_goes_back_to_the_queue_unless_it_was_cancelled(
    start, stand_in, job, tmp_path, status, state, requeued
):
    stand_in("srun", f'echo "$*" >"{tmp_path}/srun"; exit {status}')
    stand_in("squeue", f"echo {state}")
    stand_in("scontrol", f'echo "$*" >"{tmp_path}/scontrol"')
    assert start("slurm.sbatch", CONFIG).returncode == status
    assert " --cpus-per-task=6 " in (tmp_path / "srun").read_text()
    assert (tmp_path / "scontrol").exists() == requeued
    if requeued:
        assert (tmp_path / "scontrol").read_text() == "requeue 7\n"


def test_slurms_signal_to_the_script_leaves_it_to_see_how_the_tasks_end(start, stand_in, job, tmp_path):
    stand_in("srun", "kill -TERM $PPID; sleep 0.2; exit 75")
    stand_in("squeue", "echo RUNNING")
    stand_in("scontrol", f'touch "{tmp_path}/scontrol"')
    assert start("slurm.sbatch", CONFIG).returncode == 75
    assert (tmp_path / "scontrol").exists()


def test_tasks_are_as_many_as_gpus(start, stand_in, job, monkeypatch):
    stand_in("srun", "exit 0")
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "8")
    done = start("slurm.sbatch", CONFIG)
    assert done.returncode == 2
    assert done.stderr == (
        "error: 8 tasks on a node with 4 GPUs; give both alike: --gpus-per-node=4 --ntasks-per-node=4\n"
    )
