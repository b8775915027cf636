"""Runs of several processes, as a user starts them: resumed on other devices, stopped together, incomplete."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.runs import checkpoints
from maskgan_jax.runs.directory import load_config
from tests.commands import joins, run_command, run_together, start_command, tiny_arguments, wait_for
from tests.tiny import tiny_config
from tests.train import train
from tests.training.test_loop import logged_losses

LENGTH = {"num_train_steps": 11, "checkpoint_every_steps": 6}

SMALL_UPDATES = "--config.optimiser.learning_rate=1e-5"
"""Where losses of several layouts are compared: Adam divides gradients that are nothing but rounding by their size, so
that each update magnifies how the layouts differ. `test_sharding` compares larger updates, in float64."""


def tiny_run(faces: Path, workdir: Path, **fields: int) -> list[str]:
    """The command line of a tiny MaskVAE run that logs every step."""
    config = tiny_config("mask_vae", faces)
    config.update(fields)
    return [*tiny_arguments(config), f"--workdir={workdir}"]


@pytest.fixture(scope="module")
def uninterrupted(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 11 steps on 4 devices, with checkpoints of steps 6 and 11."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    done = run_command("maskgan_jax.main", *tiny_run(faces, folder, **LENGTH), SMALL_UPDATES, devices=4)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def halted(uninterrupted: Path, tmp_path: Path) -> Path:
    """A copy of that run whose last checkpoint is that of step 6, without the log."""
    folder = shutil.copytree(uninterrupted, tmp_path / "halted")
    shutil.rmtree(folder / "checkpoints/11")
    (folder / "metrics.jsonl").unlink()
    return folder


def assert_next_losses_agree(resumed: Path, uninterrupted: Path) -> None:
    expected, found = logged_losses(uninterrupted), logged_losses(resumed)
    assert sorted(found) == list(range(7, 12))
    for step in found:
        norms = found[step].pop("train/gradient_norm"), expected[step].pop("train/gradient_norm")
        assert found[step] == pytest.approx(expected[step], rel=1e-4), step
        assert norms[0] == pytest.approx(norms[1], rel=1e-3), step


@pytest.mark.slow
def test_a_run_on_4_devices_resumes_on_1(uninterrupted, halted):
    train(load_config(halted), halted)
    assert_next_losses_agree(halted, uninterrupted)


@pytest.mark.slow
def test_a_run_on_4_devices_resumes_in_2_processes_that_shard_the_state(faces, uninterrupted, halted):
    command = ["maskgan_jax.main", *tiny_run(faces, halted, **LENGTH), SMALL_UPDATES, "--config.mesh.fsdp=2"]
    done = run_together(*command)
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert ["from step 6 of" in each.stderr for each in done] == [True, False]
    assert_next_losses_agree(halted, uninterrupted)


@pytest.mark.slow
def test_two_processes_start_together_and_a_signal_to_one_stops_both_after_the_same_step(faces, tmp_path):
    """Neither prepared data nor run exists: process 0 prepares the data. No step that was taken is lost."""
    raw = tmp_path / "raw"
    shutil.copytree(faces, raw, ignore=shutil.ignore_patterns("prepared"))
    command = ["maskgan_jax.main", *tiny_run(raw, tmp_path / "run", num_train_steps=100_000)]
    started = [start_command(*command, *join, devices=2) for join in joins(2)]
    wait_for(tmp_path / "run/checkpoints/2", started)
    started[1].send_signal(signal.SIGTERM)
    output = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [75, 75], output
    saved = max(int(path.name) for path in (tmp_path / "run/checkpoints").iterdir())
    for stderr in output:
        assert "Traceback" not in stderr
        assert f"saved step {saved} in " in stderr.splitlines()[-1]
    assert sorted(logged_losses(tmp_path / "run")) == list(range(1, saved + 1))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("killed", [0, 1])
def test_where_one_of_two_is_killed_the_other_ends_and_the_same_command_resumes(killed, faces, uninterrupted, tmp_path):
    """JAX ends the other: at once if process 0 was killed, else 100 s after the last heartbeat of process 1."""
    command = ["maskgan_jax.main", *tiny_run(faces, tmp_path / "run", **LENGTH), SMALL_UPDATES]
    started = [start_command(*command, *join, devices=2) for join in joins(2)]
    wait_for(tmp_path / "run/checkpoints/6", started)
    started[killed].kill()
    other = started[1 - killed]
    output = other.communicate(timeout=120)[1]
    assert other.returncode < 0, output
    assert "This most likely indicates that another task died" in output
    done = run_together(*command)
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    expected, found = logged_losses(uninterrupted), logged_losses(tmp_path / "run")
    assert sorted(found) == list(range(1, 12))
    for step, losses in expected.items():
        assert found[step] == pytest.approx(losses, rel=1e-4), step


@pytest.mark.slow
def test_nonfinite_steps_stop_all_processes_and_the_state_is_kept(faces, tmp_path):
    command = tiny_run(faces, tmp_path, num_train_steps=40, max_nonfinite_steps=4, checkpoint_every_steps=1)
    done = run_together("maskgan_jax.main", *command, "--config.optimiser.learning_rate=1e30", "--config.mesh.fsdp=2")
    assert [each.returncode for each in done] == [1, 1], [each.stderr for each in done]
    for each in done:
        assert "as in 4 steps in a row" in each.stderr.splitlines()[-1]
    assert len(json.loads((tmp_path / "bad_step_5/not_finite.json").read_text())["photos"]) == 8
    checkpoints.open_manager(tmp_path / "bad_step_5", keep=1).close()  # verifies the checksums


@pytest.mark.slow
def test_a_process_that_fails_alone_prints_its_error_and_exits_with_its_own_status(faces, tmp_path):
    command = ["maskgan_jax.main", *tiny_run(faces, tmp_path / "run")]
    first, second = joins(2)
    started = [start_command(*command, *first, "--config.data.eval_split=nothing"), start_command(*command, *second)]
    output = [process.communicate(timeout=120)[1] for process in started]
    assert started[0].returncode == 1, output
    assert "no examples in split 'nothing'" in output[0].splitlines()[-1]
    assert started[1].returncode < 0, output  # ended by JAX, with a signal
    assert "Traceback" not in output[0]


@pytest.mark.slow
def test_where_one_process_never_joins_the_others_end_with_one_line_after_the_timeout(tmp_path):
    first, second, _ = joins(3)
    command = ["maskgan_jax.main", *tiny_run(tmp_path, tmp_path / "run"), "--join_timeout_s=5"]
    started = [start_command(*command, *join) for join in (first, second)]
    output = [process.communicate(timeout=120)[1] for process in started]  # JAX's default is 300 s
    for process, stderr in zip(started, output, strict=True):
        assert process.returncode == 1, stderr
        assert "Traceback" not in stderr
        address = first[0].partition("=")[2]
        assert stderr.splitlines()[-1].startswith(
            f"error: joining at {address}, all 3 processes: not all connected within 5 s; start the same command on"
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_where_there_is_no_cluster_one_line_names_the_flags_to_give(tmp_path):
    done = run_command("maskgan_jax.main", *tiny_run(tmp_path, tmp_path / "run"), "--distributed")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "JAX finds no TPU pod, SLURM, GKE or Open MPI here; give --coordinator_add" in done.stderr.splitlines()[-1]


JOIN = """
import jax, sys
from maskgan_jax.devices import multihost
multihost.join({"True": True, "None": None, "False": False}[sys.argv[1]], None, None, None, timeout_s=60)
print(jax.process_index(), jax.process_count(), jax.device_count())
"""


def started_by(cluster: list[dict[str, str]], distributed: bool | None) -> list[str]:
    """Join in a process for each of these environments; return what each prints: its index, processes, devices."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", JOIN, str(distributed)],
            env=os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for variables in cluster
    ]
    output = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * len(started), output
    return [stdout.strip() for stdout, _ in output]


def slurm(tasks: int) -> list[dict[str, str]]:
    """Return what srun sets for each task of a job of one node; JAX derives the coordinator's port from the job id."""
    shared = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": str(tasks)}
    return [shared | {"SLURM_PROCID": str(task), "SLURM_LOCALID": str(task)} for task in range(tasks)]


def open_mpi(ranks: int) -> list[dict[str, str]]:
    """Return what mpirun sets for each rank; JAX derives the coordinator's address from mpirun's own."""
    shared = {
        "OMPI_MCA_orte_hnp_uri": f"{os.getpid()}.0;tcp://127.0.0.1:34911", "OMPI_COMM_WORLD_SIZE": str(ranks)
    }  # fmt: skip
    return [
        shared | {"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_LOCAL_RANK": str(rank)} for rank in range(ranks)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [slurm, open_mpi])
def test_processes_of_a_cluster_join_without_flags(cluster):
    assert started_by(cluster(2), None) == ["0 2 2", "1 2 2"]


@pytest.mark.slow
def test_a_process_that_no_cluster_started_trains_alone():
    assert started_by([{}], None) == ["0 1 1"]


@pytest.mark.parametrize(
    ("variables", "distributed"), [(slurm(2)[0], False), (slurm(1)[0], None), (open_mpi(1)[0], None)]
)
def test_a_process_that_is_told_not_to_join_or_is_the_only_one_of_its_job_joins_nothing(
    variables, distributed, monkeypatch
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("jax.distributed.initialize", lambda *_, **__: pytest.fail("joins"))
    multihost.join(distributed, None, None, None, timeout_s=3600)


@pytest.mark.parametrize(
    ("cluster", "address", "processes", "process", "message"),
    [
        (None, None, 2, None, "--coordinator_address and --process_id: not given; joining without a cluster needs"),
        (None, "host", 2, 0, "--coordinator_address: host is no host:port, such as 10.0.0.1:8476"),
        (None, "host:1", 2, 2, "--process_id: 2; give each process another number from 0 to 1"),
        (True, "host:1", 2, 0, "--distributed: contradicts --coordinator_address"),
        (False, None, None, 0, "--nodistributed: contradicts --coordinator_address"),
    ],
)
def test_options_that_contradict_each_other_are_named(cluster, address, processes, process, message):
    with pytest.raises(UserError, match=message):
        multihost.join(cluster, address, processes, process, timeout_s=1)


def test_a_single_process_stops_after_any_step_when_told():
    assert multihost.should_stop(1, True)
    assert not multihost.should_stop(8, False)
