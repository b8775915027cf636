"""What the scripts of launch/ have in common: clean, they teach, and a mistake is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parent.parent.parent / "launch"
SCRIPTS = ("local_multi_process.sh", "slurm.sbatch", "tpu_pod.sh")
SLICE = ("--name=maskgan", "--zone=us-central2-b")
CONFIG = "--config=configs/ebst.py"


def test_every_script_is_known_here():
    assert tuple(sorted(path.name for path in LAUNCH.glob("*.s*[ch]"))) == SCRIPTS


def test_shellcheck_finds_nothing():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, *(LAUNCH / name for name in SCRIPTS)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_shows_how_it_is_started(start, script):
    done = start(script, "--help")
    assert done.returncode == 0
    assert done.stdout.count(f"launch/{script}") >= 2
    assert "--config=configs/ebst.py" in done.stdout
    assert "--dry-run" in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("tpu_pod.sh", [], "no command; give one of create, install, run"),
        ("tpu_pod.sh", ["start"], "unknown command 'start'"),
        ("tpu_pod.sh", ["logs", "--zone=us-central2-b"], "give --name=NAME or set TPU_NAME"),
        ("tpu_pod.sh", ["logs", "--name=Mine", "--zone=us-central2-b"], "--name=Mine: take small letters"),
        ("tpu_pod.sh", ["logs", "--name=maskgan"], "no zone"),
        ("tpu_pod.sh", ["logs", "--name=maskgan", "--zone=us-central2"], "--zone=us-central2: give a zone such as"),
        ("tpu_pod.sh", ["logs", *SLICE, "--worker", "1"], "unknown option '--worker'"),
        ("tpu_pod.sh", ["logs", *SLICE, "--", CONFIG], "are for run and up, not for logs"),
        ("tpu_pod.sh", ["create", *SLICE], "no accelerator type"),
        ("tpu_pod.sh", ["create", *SLICE, "--accelerator-type=v4"], "--accelerator-type=v4: give a type such as v4-8"),
        ("tpu_pod.sh", ["create", *SLICE, "--accelerator-type=v9-8"], "give --version=VERSION"),
        ("tpu_pod.sh", ["create", *SLICE, "--accelerator-type=v4-8"], "gcloud can't list the slices"),
        ("tpu_pod.sh", ["install", *SLICE, "--ref=no-such-branch"], "--ref=no-such-branch: no such commit"),
        ("tpu_pod.sh", ["install", *SLICE, "--share=vol1"], "--share=vol1: give an NFS export"),
        ("tpu_pod.sh", ["run", *SLICE], "no --config"),
        ("tpu_pod.sh", ["run", *SLICE, "--", "--config=configs/no.py:small"], "no file configs/no.py here"),
        ("tpu_pod.sh", ["run", *SLICE, "--", CONFIG, "--workdir", "x"], "unexpected argument 'x'"),
        ("slurm.sbatch", [], "no --config"),
        ("slurm.sbatch", ["--config=configs/no.py"], "no file configs/no.py"),
        ("slurm.sbatch", ["--config", "configs/ebst.py"], "unexpected argument 'configs/ebst.py'"),
        (
            "slurm.sbatch",
            [CONFIG],
            "not in a Slurm job; submit it: sbatch launch/slurm.sbatch --config=configs/ebst.py",
        ),
        ("local_multi_process.sh", [], "N = ''"),
        ("local_multi_process.sh", ["two", "--", CONFIG], "N = 'two'"),
        ("local_multi_process.sh", ["0", "--", CONFIG], "N = '0'"),
        ("local_multi_process.sh", ["2", "many", "--", CONFIG], "DEVICES = 'many'"),
        ("local_multi_process.sh", ["2"], "no flags of maskgan_jax.main"),
        ("local_multi_process.sh", ["2", "--"], "no flags of maskgan_jax.main"),
        ("local_multi_process.sh", ["--cpu", "2", "--", CONFIG], "unknown option --cpu"),
        ("local_multi_process.sh", ["--grace=soon", "2", "--", CONFIG], "--grace=soon"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(start, script, arguments, message, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    done = start(script, *arguments)
    errors = [line for line in done.stderr.splitlines() if not line.startswith("gcloud ")]
    assert done.returncode == 2
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert message in errors[0]
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("script", "arguments"), [("slurm.sbatch", [CONFIG]), ("local_multi_process.sh", ["2", "--", CONFIG])]
)
def test_a_python_that_is_not_there_is_named(start, script, arguments, monkeypatch):
    monkeypatch.setenv("PYTHON", "no/such/python")
    done = start(script, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no Python at no/such/python; ")
