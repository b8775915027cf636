"""Several processes on this machine, with a stand-in for Python."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
SCRIPT = "local_multi_process.sh"
CONFIG = "--config=configs/mask_vae.py:quickstart"
IS_PROCESS = '[[ "$*" == *--process_id={}* ]]'.format


@pytest.fixture
def python(stand_in, monkeypatch) -> Callable[[str], None]:
    """Return a function that makes PYTHON a Bash program."""

    def install(program: str) -> None:
        monkeypatch.setenv("PYTHON", str(stand_in("python_stand_in", program)))

    return install


def test_every_process_gets_devices_flags_and_the_coordinator(start, python, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1")
    python('echo "$JAX_PLATFORMS $XLA_FLAGS $*"')
    done = start(SCRIPT, "2", "4", "--", CONFIG, "--config.name=a b")
    assert done.returncode == 0, done.stderr
    port = int(re.search(r"127\.0\.0\.1:(\d+)", done.stdout).group(1))
    assert 1024 <= port < 32768  # usable without root, below Linux's ephemeral ports
    assert sorted(done.stdout.splitlines()) == [
        f"[{process}] cpu --xla_a=1 --xla_force_host_platform_device_count=4 -m maskgan_jax.main {CONFIG} "
        f"--config.name=a b --coordinator_address=127.0.0.1:{port} --num_processes=2 --process_id={process}"
        for process in (0, 1)
    ]


def test_dry_run_prints_the_commands_that_a_run_executes(start, python):
    python('printf "%s|" "$JAX_PLATFORMS" "$XLA_FLAGS" "$@"')
    arguments = ("2", "3", "--", CONFIG, "--config.name=a b")
    executed = start(SCRIPT, *arguments).stdout.splitlines()
    printed = start(SCRIPT, "--dry-run", *arguments).stdout.splitlines()
    pasted = [subprocess.run(shlex.split(line), capture_output=True, text=True, check=True).stdout for line in printed]
    without_port = re.compile(r":\d+")
    assert [without_port.sub("", f"[{process}] {output}") for process, output in enumerate(pasted)] == [
        without_port.sub("", line) for line in sorted(executed)
    ]


def test_each_process_gets_gpus_of_its_own(start, python, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    python('echo "$JAX_PLATFORMS $CUDA_VISIBLE_DEVICES"')
    done = start(SCRIPT, "--gpu", "2", "2", "--", CONFIG)
    assert sorted(done.stdout.splitlines()) == ["[0] cuda,cpu 4,5", "[1] cuda,cpu 6,7"]


def test_more_gpus_than_there_are_is_an_error(start, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    done = start(SCRIPT, "--gpu", "3", "2", "--", CONFIG)
    assert done.returncode == 2
    assert done.stderr == "error: 3 processes with 2 GPUs each need more than the 4 GPUs available; use fewer\n"


def test_of_a_progress_bar_the_last_state_is_printed(start, python):
    python('printf "1 of 2\\r2 of 2" >&2')
    assert start(SCRIPT, "1", "--", CONFIG).stdout == "[0] 2 of 2\n"


@pytest.mark.parametrize(
    ("first", "second", "status"), [(0, 0, 0), (75, 75, 75), (0, 75, 75), (75, 1, 1), (2, 75, 2), (3, 3, 3)]
)
def test_exit_status_combines_those_of_the_processes(start, python, first, second, status):
    python(f"if {IS_PROCESS(0)}; then exit {first}; else exit {second}; fi")
    assert start(SCRIPT, "2", "--", CONFIG).returncode == status


def test_a_failure_terminates_the_other_processes(start, python, tmp_path):
    python(
        f'trap "echo ended; exit 75" TERM; if {IS_PROCESS(0)}; then while :; do sleep 0.05; done; fi; '
        "sleep 0.5; echo error: why >&2; exit 1"
    )
    started = time.monotonic()
    done = start(SCRIPT, "3", "--", CONFIG)
    assert time.monotonic() - started < 10
    assert done.returncode == 1
    told = set(done.stdout.splitlines())
    assert "[0] ended" in told
    assert told & {"[1] error: why", "[2] error: why"}  # the first that fails may terminate the other in time
    assert re.search(r"process [12] exited with status 1; terminating the others", done.stderr)


def test_a_failure_during_the_start_does_not_block_the_script(start, python):
    python("exit 1")
    for _ in range(5):
        assert start(SCRIPT, "9", "--", CONFIG).returncode == 1


def test_a_process_that_does_not_exit_is_killed_after_the_grace_period(start, python, tmp_path):
    python(f'if {IS_PROCESS(1)}; then sleep 0.5; exit 3; fi; trap "" TERM; echo $$ >"{tmp_path}/pid"; sleep 60 & wait')
    started = time.monotonic()
    assert start(SCRIPT, "--grace=1", "2", "--", CONFIG).returncode == 3
    assert 1 < time.monotonic() - started < 10
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_forwarded_once_and_the_processes_may_save(stand_in, python, tmp_path, sent):
    python(
        f'trap "echo signalled >>{tmp_path}/signals" TERM INT; touch {tmp_path}/$$.ready; '
        f"while [[ ! -s {tmp_path}/signals ]]; do sleep 0.05; done; sleep 0.5; echo saved; exit 75"
    )
    # A session of its own: the signal goes to its whole foreground group, as Ctrl-C does in a terminal. SIGINT is
    # reset, because a script inherits it as ignored from a shell's background job and cannot change that.
    process = subprocess.Popen(
        ["bash", PROJECT / "launch" / SCRIPT, "2", "--", CONFIG],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while len(list(tmp_path.glob("*.ready"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, sent)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 75
    assert sorted(output.splitlines()) == ["[0] saved", "[1] saved"]
    assert (tmp_path / "signals").read_text() == "signalled\nsignalled\n"
