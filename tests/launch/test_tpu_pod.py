"""The TPU pod's script against a stand-in for gcloud whose worker is a folder of this machine."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

NAME = ("--name=maskgan", "--zone=us-central2-b")


def recording(log: Path, listed: str = "") -> str:
    """Return a gcloud that appends its arguments to a log, one call per line, and lists the given slices."""
    return f'printf "%q " "$@" >>"{log}"; echo >>"{log}"; [[ $4 != list ]] || printf "{listed}"'


def actions(log: Path) -> list[str]:
    """Return the actions on TPU VMs that a log contains."""
    return [line.split()[3] for line in log.read_text().splitlines() if line.startswith("compute")]


@pytest.mark.parametrize(
    ("accelerator", "runtime"),  # https://cloud.google.com/tpu/docs/runtimes
    [
        ("v4-8", "tpu-ubuntu2204-base"),
        ("v5litepod-16", "v2-alpha-tpuv5-lite"),
        ("v5p-16", "v2-alpha-tpuv5"),
        ("v6e-8", "v2-alpha-tpuv6e"),
    ],
)
def test_create_requests_the_runtime_of_the_accelerator(start, stand_in, tmp_path, accelerator, runtime):
    stand_in("gcloud", recording(tmp_path / "log"))
    done = start("tpu_pod.sh", "create", *NAME, "--project=mine", f"--accelerator-type={accelerator}", "--spot")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().splitlines()[-1].split() == [
        *("compute", "tpus", "tpu-vm", "create", "maskgan", "--zone=us-central2-b", "--project=mine"),
        *(f"--accelerator-type={accelerator}", f"--version={runtime}", "--spot"),
    ]


@pytest.fixture
def checkout(tmp_path) -> Path:
    """Return a repository with a changed, a new and a deleted file, and with data, runs and .venv as links."""
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


RUN = ("run", *NAME, "--", "--config=configs/ebst.py", "--config.name=it's $HOME", '--workdir=a "b"')


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", *NAME, "--accelerator-type=v4-8"),
        ("install", *NAME, "--ref=HEAD", "--share=10.0.0.2:/vol1"),
        ("install", *NAME),
        RUN,
        ("logs", *NAME, "--project=mine"),
        ("stop", *NAME),
    ],
    ids=lambda arguments: arguments[0],
)
def test_dry_run_prints_commands_that_a_shell_executes_as_the_script_does(
    start, stand_in, checkout, tmp_path, arguments
):
    stand_in("gcloud", recording(tmp_path / "executed"))
    assert start("tpu_pod.sh", *arguments, root=checkout).returncode == 0
    printed = start("tpu_pod.sh", arguments[0], "--dry-run", *arguments[1:], root=checkout).stdout
    stand_in("gcloud", recording(tmp_path / "pasted"))
    subprocess.run(["bash", "-e", "-c", printed], cwd=checkout, check=True)
    assert (tmp_path / "pasted").read_text() == (tmp_path / "executed").read_text()
    assert list((checkout / "build").glob("*")) == []


@pytest.mark.parametrize(
    ("listed", "commands", "message"),
    [
        ("other,READY,v4-8\\n", ["list", "create"], ""),
        ("maskgan,READY,v4-8\\n", ["list"], "maskgan exists"),
        ("maskgan,READY,v4-32\\n", ["list"], "error: maskgan exists with type v4-32; give another --name"),
        (
            "maskgan,PREEMPTED,v4-8\\n",
            ["list"],
            "error: maskgan is in state PREEMPTED; wait",
        ),
    ],
)
def test_create_accepts_an_existing_slice_of_the_same_type(start, stand_in, tmp_path, listed, commands, message):
    stand_in("gcloud", recording(tmp_path / "log", listed))
    done = start("tpu_pod.sh", "create", *NAME, "--accelerator-type=v4-8")
    assert actions(tmp_path / "log") == commands
    assert message in done.stdout + done.stderr
    assert done.returncode == (2 if "error" in message else 0)


def test_delete_deletes_an_existing_slice(start, stand_in, tmp_path):
    stand_in("gcloud", recording(tmp_path / "log", "maskgan,READY,v4-8\\n"))
    assert start("tpu_pod.sh", "delete", *NAME).returncode == 0
    assert (tmp_path / "log").read_text().splitlines()[-1].split() == [
        *("compute", "tpus", "tpu-vm", "delete", "maskgan", "--zone=us-central2-b", "--quiet")
    ]


def test_deleting_twice_is_no_error(start, stand_in, tmp_path):
    stand_in("gcloud", recording(tmp_path / "log"))
    done = start("tpu_pod.sh", "delete", *NAME)
    assert (done.returncode, done.stdout) == (0, "maskgan does not exist\n")
    assert actions(tmp_path / "log") == ["list"]


@pytest.fixture
def worker(stand_in, checkout, tmp_path) -> Path:
    """Return the home of the one worker that gcloud reaches. Its uv installs a stand-in for Python."""
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


def test_install_copies_the_working_tree_or_a_commit_and_keeps_data_and_runs(start, worker, checkout):
    folder = worker / "maskgan_jax"
    (folder / "runs/ebst").mkdir(parents=True)
    (folder / "no_longer_in_the_repository.py").touch()
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


def test_install_with_a_share_links_data_and_runs_to_it(start, stand_in, worker, checkout, tmp_path):
    for name in ("mountpoint", "mount.nfs"):
        stand_in(name, "exit 1")
    stand_in("sudo", f'[[ $1 == mount ]] || exec "$@"; echo "$*" >>"{tmp_path}/mounts"')
    for _ in range(2):
        done = start("tpu_pod.sh", "install", *NAME, "--share=10.0.0.2:/vol1", root=checkout)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "mounts").read_text() == "mount -t nfs 10.0.0.2:/vol1 ../maskgan_share\n" * 2
    for name in ("data", "runs"):
        assert (worker / "maskgan_jax" / name).resolve() == worker / "maskgan_share" / name


def test_a_worker_from_install_to_stop(start, worker, checkout):
    folder = worker / "maskgan_jax"
    assert start("tpu_pod.sh", "stop", *NAME).stdout == "no run in progress\n"
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
            assert done.stderr == "error: a run is in progress on this worker; stop it first\n"
        assert start("tpu_pod.sh", "stop", *NAME).stdout == "saved\n"
    finally:
        subprocess.run(["kill", "-KILL", str(pid)], stderr=subprocess.DEVNULL, check=False)

    log = "trains -m maskgan_jax.main --distributed --config=configs/ebst.py --config.name=it's\nsaved\n"
    assert start("tpu_pod.sh", "logs", *NAME).stdout == log
    assert start("tpu_pod.sh", "stop", *NAME).stdout == "no run in progress\n"


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while not (log.exists() and re.search(text, log.read_text())):
        assert time.monotonic() < deadline, os.listdir(log.parent)
        time.sleep(0.02)
