"""The TPU pod's script against a gcloud whose worker is a folder of this machine."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

NAME = ("--name=maskgan", "--zone=us-central2-b")
VM = "gcloud compute tpus tpu-vm"
LIST = f"{VM} list --zone=us-central2-b '--format=csv[no-heading](name.basename(),state,acceleratorType.basename())'"
"""What a script prints or runs to see which slices there are."""


def record(log: Path, listed: str = "") -> str:
    """A gcloud that notes its arguments, one list a line, and lists slices."""
    return f'printf "%q " "$@" >>"{log}"; echo >>"{log}"; [[ $4 != list ]] || printf "{listed}"'


def noted(log: Path) -> list[str]:
    return [line.split()[3] for line in log.read_text().splitlines() if line.startswith("compute")]


def test_a_dry_run_of_create_is_its_command(start):
    done = start("tpu_pod.sh", "create", *NAME, "--accelerator-type=v5litepod-16", "--spot", "--dry-run")
    assert done.stdout.splitlines() == [
        LIST,
        f"{VM} create maskgan --zone=us-central2-b --accelerator-type=v5litepod-16 "
        "--version=v2-alpha-tpuv5-lite --spot",
    ]


def test_a_dry_run_of_delete_is_its_command(start):
    done = start("tpu_pod.sh", "delete", *NAME, "--dry-run")
    assert done.stdout.splitlines() == [LIST, f"{VM} delete maskgan --zone=us-central2-b --quiet"]


def test_a_dry_run_of_logs_follows_worker_0(start):
    shown = start("tpu_pod.sh", "logs", *NAME, "--project=mine", "--dry-run").stdout
    assert shown.startswith(
        f"{VM} ssh maskgan --zone=us-central2-b --project=mine --worker=0 '--command=cd maskgan_jax"
    )
    assert 'tail --lines=100 --follow --pid="$(cat run.pid)" run.log' in shown


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository with as much as the script looks for, something new and deleted, and links to what is large."""
    root = tmp_path / "checkout"
    for name in ("maskgan_jax/main.py", "configs/ebst.py", "old.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("committed\n")
    (root / ".gitignore").write_text("data/\nruns/\n.venv/\nbuild/\n")
    git = ["git", "-C", str(root), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=all"]):
        subprocess.run([*git, *command], check=True)
    (root / "configs/ebst.py").write_text("changed\n")
    (root / "configs/mine.py").write_text("new\n")
    (root / "old.py").unlink()
    for name in ("data", "runs", ".venv"):
        (root / name).symlink_to(tmp_path)
    return root


def test_a_dry_run_of_install_packs_copies_and_installs(start, checkout):
    shown = start("tpu_pod.sh", "install", *NAME, "--ref=HEAD", "--dry-run", root=checkout).stdout
    assert shown.splitlines()[:5] == [
        "mkdir -p build",
        "git archive --output=build/maskgan.tar.gz HEAD",
        f"{VM} scp build/maskgan.tar.gz maskgan:maskgan_jax.tar.gz --zone=us-central2-b --worker=all",
        "rm build/maskgan.tar.gz",
        f"{VM} ssh maskgan --zone=us-central2-b --worker=all '--command=set -eu",
    ]
    assert '-c launch/constraints.txt -e ".[tpu]"' in shown
    assert "nfs" not in shown
    shared = start("tpu_pod.sh", "install", *NAME, "--share=10.0.0.2:/vol1", "--dry-run", root=checkout).stdout
    assert "sudo mount -t nfs 10.0.0.2:/vol1 ../maskgan_share" in shared


def test_what_a_dry_run_prints_can_be_pasted(start, stand_in, tmp_path):
    run = ("run", *NAME, "--", "--config=configs/ebst.py", "--config.name=it's $HOME", '--workdir=a "b"')
    stand_in("gcloud", record(tmp_path / "really"))
    assert start("tpu_pod.sh", *run).returncode == 0
    printed = start("tpu_pod.sh", *run[:3], "--dry-run", *run[3:]).stdout
    stand_in("gcloud", record(tmp_path / "pasted"))
    subprocess.run(["bash", "-c", printed], check=True)
    assert (tmp_path / "pasted").read_text() == (tmp_path / "really").read_text()


@pytest.mark.parametrize(
    ("listed", "commands", "message"),
    [
        ("other,READY,v4-8\\n", ["list", "create"], ""),
        ("maskgan,READY,v4-8\\n", ["list"], "maskgan is there"),
        ("maskgan,READY,v4-32\\n", ["list"], "error: maskgan is there, but a v4-32; give another --name"),
        ("maskgan,PREEMPTED,v4-8\\n", ["list"], "error: maskgan is PREEMPTED; wait until it is READY, or delete it"),
    ],
)
def test_create_takes_a_slice_that_is_there(start, stand_in, tmp_path, listed, commands, message):
    stand_in("gcloud", record(tmp_path / "log", listed))
    done = start("tpu_pod.sh", "create", *NAME, "--accelerator-type=v4-8")
    assert noted(tmp_path / "log") == commands
    assert message in done.stdout + done.stderr
    assert done.returncode == (2 if "error" in message else 0)


def test_deleting_twice_is_no_error(start, stand_in, tmp_path):
    stand_in("gcloud", record(tmp_path / "log"))
    done = start("tpu_pod.sh", "delete", *NAME)
    assert (done.returncode, done.stdout) == (0, "there is no maskgan\n")
    assert noted(tmp_path / "log") == ["list"]


@pytest.fixture
def worker(stand_in, checkout, tmp_path) -> Path:
    """The home of the one worker that gcloud reaches; what its uv installs is a Python that trains nothing."""
    home = tmp_path / "worker"
    (home / ".local/bin").mkdir(parents=True)
    python = home / "stand_in_python"
    python.write_text(
        '#!/usr/bin/env bash\ntrap "echo saved; exit 75" TERM\necho "trains $*"\nwhile :; do sleep 0.05; done\n'
    )
    python.chmod(0o755)
    uv = home / ".local/bin/uv"
    uv.write_text(
        f'#!/usr/bin/env bash\necho "$*" >>"{home}/uv.log"\n[[ ! -L .venv ]] || exit 1\n'
        f'[[ $1 != venv ]] || {{ mkdir -p .venv/bin; cp "{python}" .venv/bin/python; }}\n'
    )
    uv.chmod(0o755)
    stand_in("python3", f'[[ $* != *--user-base* ]] || echo "{home}/.local"')
    stand_in(
        "gcloud",
        f"""cd "{home}"
case $4 in
  scp) cp "{checkout}/$5" "${{6#*:}}" ;;
  ssh) last=${{@: -1}}; HOME="{home}" bash -c "${{last#--command=}}" ;;
esac""",
    )
    return home


def test_install_brings_what_is_committed_or_what_is_here_and_leaves_data_and_runs_alone(start, worker, checkout):
    folder = worker / "maskgan_jax"
    (folder / "runs/ebst").mkdir(parents=True)
    (folder / "gone_from_the_repository.py").touch()
    contents = {}
    for ref in ([], ["--ref=HEAD"]):
        done = start("tpu_pod.sh", "install", *NAME, *ref, root=checkout)
        assert done.returncode == 0, done.stderr
        contents[len(ref)] = {
            str(path.relative_to(folder)): path.read_text() for path in folder.glob("**/*.py") if path.is_file()
        }
    committed = dict.fromkeys(("maskgan_jax/main.py", "configs/ebst.py", "old.py"), "committed\n")
    assert contents[1] == committed
    del committed["old.py"]
    assert contents[0] == committed | {"configs/ebst.py": "changed\n", "configs/mine.py": "new\n"}
    assert (folder / "runs/ebst").is_dir()
    assert not (folder / "data").exists()
    assert list((checkout / "build").iterdir()) == []
    installed = "pip install --quiet --python .venv/bin/python -c launch/constraints.txt -e .[tpu]"
    assert installed in (worker / "uv.log").read_text()


def test_a_worker_from_install_to_stop(start, worker, checkout):
    folder = worker / "maskgan_jax"
    assert start("tpu_pod.sh", "stop", *NAME).stdout == "no run goes on\n"
    assert "error: not installed" in start("tpu_pod.sh", "run", *NAME, "--", "--config=configs/ebst.py").stderr

    assert start("tpu_pod.sh", "install", *NAME, root=checkout).returncode == 0
    started = start("tpu_pod.sh", "run", *NAME, "--", "--config=configs/ebst.py", "--config.name=it's")
    assert started.returncode == 0, started.stderr
    pid = int((folder / "run.pid").read_text())
    try:
        wait_for(folder / "run.log", "trains")
        for again in (("run", *NAME, "--", "--config=configs/ebst.py"), ("install", *NAME)):
            done = start("tpu_pod.sh", *again, root=checkout)
            assert done.returncode != 0
            assert done.stderr == "error: a run goes on here; stop it first\n"
        assert start("tpu_pod.sh", "stop", *NAME).stdout == "saved\n"
    finally:
        subprocess.run(["kill", "-KILL", str(pid)], stderr=subprocess.DEVNULL, check=False)

    log = "trains -m maskgan_jax.main --distributed --config=configs/ebst.py --config.name=it's\nsaved\n"
    assert start("tpu_pod.sh", "logs", *NAME).stdout == log
    assert start("tpu_pod.sh", "stop", *NAME).stdout == "no run goes on\n"


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while not (log.exists() and re.search(text, log.read_text())):
        assert time.monotonic() < deadline, os.listdir(log.parent)
        time.sleep(0.02)
