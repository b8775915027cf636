"""Several processes on this machine, of a stand-in for Python that notes what it was given."""

import os
import re
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
    """`python(program)` makes PYTHON a Bash program."""

    def put(program: str) -> None:
        monkeypatch.setenv("PYTHON", str(stand_in("python_stand_in", program)))

    return put


def test_a_dry_run_is_a_command_a_process(start, python, stand_in):
    python("exit 1")
    done = start(SCRIPT, "--dry-run", "2", "3", "--", CONFIG, "--config.name=a b")
    port = re.search(r"127\.0\.0\.1:(\d+)", done.stdout).group(1)
    assert 20000 <= int(port) < 32000
    assert done.stdout.splitlines() == [
        "env JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count=3 "
        f"{os.environ['PYTHON']} -m maskgan_jax.main {CONFIG} --config.name=a\\ b "
        f"--coordinator_address=127.0.0.1:{port} --num_processes=2 --process_id={process}"
        for process in (0, 1)
    ]


def test_gpus_are_dealt_out(start, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    lines = start(SCRIPT, "--gpu", "--dry-run", "2", "2", "--", CONFIG).stdout.splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["JAX_PLATFORMS=cuda\\,cpu", f"CUDA_VISIBLE_DEVICES={taken}"] for taken in ("4\\,5", "6\\,7")
    ]
    done = start(SCRIPT, "--gpu", "3", "2", "--", CONFIG)
    assert done.returncode == 2
    assert done.stderr == "error: 3 processes with 2 GPUs each are more than the 4 GPUs here; take fewer\n"


def test_it_starts_all_and_says_whose_line_is_whose(start, python, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1")
    python('echo "$XLA_FLAGS $*"; printf "bar\\rlast without an end" >&2')
    done = start(SCRIPT, "2", "4", "--", CONFIG, "--config.name=a b")
    assert done.returncode == 0, done.stderr
    given = re.compile(
        r"\[(.)\] --xla_a=1 --xla_force_host_platform_device_count=4 -m maskgan_jax.main "
        rf"{re.escape(CONFIG)} --config.name=a b --coordinator_address=127.0.0.1:\d+ --num_processes=2 --process_id=\1"
    )
    lines = sorted(done.stdout.splitlines())
    assert [bool(given.fullmatch(line)) for line in lines] == [True, False, True, False]
    assert lines[1::2] == ["[0] last without an end", "[1] last without an end"]


@pytest.mark.parametrize(
    ("first", "second", "status"), [(0, 0, 0), (75, 75, 75), (0, 75, 75), (75, 1, 1), (2, 75, 2), (3, 3, 3)]
)
def test_the_exit_status_tells_whether_to_start_again(start, python, first, second, status):
    python(f"if {IS_PROCESS(0)}; then exit {first}; else exit {second}; fi")
    assert start(SCRIPT, "2", "--", CONFIG).returncode == status


def test_one_that_fails_ends_the_others(start, python, tmp_path):
    python(
        f'trap "echo ended; exit 75" TERM; if {IS_PROCESS(0)}; then while :; do sleep 0.05; done; fi; '
        "sleep 0.5; echo error: why >&2; exit 1"
    )
    started = time.monotonic()
    done = start(SCRIPT, "3", "--", CONFIG)
    assert time.monotonic() - started < 10
    assert done.returncode == 1
    assert {"[0] ended", "[1] error: why"} <= set(done.stdout.splitlines())
    assert re.search(r"process [12] ended with status 1; ends the others", done.stderr)


def test_one_that_fails_before_the_others_are_there_leaves_nobody_waiting(start, python):
    python("exit 1")
    for _ in range(5):
        assert start(SCRIPT, "9", "--", CONFIG).returncode == 1


def test_one_that_does_not_end_by_itself_is_killed_after_the_grace(start, python, tmp_path):
    python(f'if {IS_PROCESS(1)}; then sleep 0.5; exit 3; fi; trap "" TERM; echo $$ >"{tmp_path}/pid"; sleep 60 & wait')
    started = time.monotonic()
    assert start(SCRIPT, "--grace=1", "2", "--", CONFIG).returncode == 3
    assert 1 < time.monotonic() - started < 10
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_once_and_waited_for(stand_in, python, tmp_path, sent):
    python(
        f'trap "echo told >>{tmp_path}/told" TERM INT; touch {tmp_path}/$$.ready; '
        f"while [[ ! -s {tmp_path}/told ]]; do sleep 0.05; done; sleep 0.5; echo saved; exit 75"
    )
    # In a session of its own, where the signal goes to all of the foreground, as Ctrl-C in a terminal does; and not
    # with Ctrl-C ignored, which tests that run in the background would hand on and no script can undo.
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
    assert (tmp_path / "told").read_text() == "told\ntold\n"
