"""What the scripts of launch/ have in common: shellcheck, help, one-line errors."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parent.parent.parent / "launch"
SCRIPTS = sorted(path.name for pattern in ("*.sh", "*.sbatch") for path in LAUNCH.glob(pattern))
SLICE = ("--name=maskgan", "--zone=us-central2-b")
CONFIG = "--config=configs/ebst.py"


def test_shellcheck_reports_nothing():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    command = [shellcheck, *(LAUNCH / name for name in SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_examples_of_the_help_are_accepted(start, script, monkeypatch):
    text = start(script, "--help").stdout
    examples = re.findall(rf"^  (?:sbatch .*|bash )?launch/{script} (.*--config=.*)$", text, re.MULTILINE)
    examples = [example.split("    ")[0].replace("--dry-run", "") for example in examples]
    assert examples
    monkeypatch.setenv("TPU_NAME", "maskgan")
    monkeypatch.setenv("ZONE", "us-central2-b")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    for example in examples:
        action = re.match(r"[a-z]+ |", example).group()  # of tpu_pod.sh
        done = start(script, *action.split(), "--dry-run", *shlex.split(example.removeprefix(action)))
        assert done.returncode == 0, done.stderr
        assert "maskgan_jax.main" in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("tpu_pod.sh", [], "no command; expected one of create, install, run"),
        ("tpu_pod.sh", ["start"], "unknown command 'start'"),
        ("tpu_pod.sh", ["logs", "--zone=us-central2-b"], "give --name=NAME or set TPU_NAME"),
        ("tpu_pod.sh", ["logs", "--name=Mine", "--zone=us-central2-b"], "--name=Mine: expected lower-case letters"),
        ("tpu_pod.sh", ["logs", "--name=maskgan"], "no zone"),
        ("tpu_pod.sh", ["logs", "--name=maskgan", "--zone=us-central2"], "--zone=us-central2: expected a zone such as"),
        ("tpu_pod.sh", ["logs", *SLICE, "--worker", "1"], "unknown option '--worker'"),
        ("tpu_pod.sh", ["logs", *SLICE, "--", CONFIG], "apply to run and up, not to logs"),
        ("tpu_pod.sh", ["create", *SLICE], "no accelerator type"),
        (
            "tpu_pod.sh",
            ["create", *SLICE, "--accelerator-type=v4"],
            "expected a type such as v4-8",
        ),
        ("tpu_pod.sh", ["create", *SLICE, "--accelerator-type=v9-8"], "give --version=VERSION"),
        ("tpu_pod.sh", ["create", *SLICE, "--accelerator-type=v4-8"], "gcloud cannot list the slices"),
        (
            "tpu_pod.sh",
            ["install", *SLICE, "--ref=no-such-branch"],
            "no such commit, branch or tag",
        ),
        ("tpu_pod.sh", ["install", *SLICE, "--share=vol1"], "--share=vol1: expected an NFS export"),
        ("tpu_pod.sh", ["run", *SLICE], "no --config"),
        ("tpu_pod.sh", ["run", *SLICE, "--", "--config=configs/no.py:small"], "there is no file configs/no.py in "),
        ("tpu_pod.sh", ["run", *SLICE, "--", CONFIG, "--workdir", "x"], "unexpected argument 'x'"),
        ("slurm.sbatch", [], "no --config"),
        ("slurm.sbatch", ["--config=configs/no.py"], "there is no file configs/no.py in "),
        ("slurm.sbatch", ["--config", "configs/ebst.py"], "unexpected argument 'configs/ebst.py'"),
        (
            "slurm.sbatch",
            [CONFIG],
            "not a Slurm job; submit it: sbatch launch/slurm.sbatch --config=configs/ebst.py",
        ),
        ("local_multi_process.sh", [], "N=''"),
        ("local_multi_process.sh", ["two", "--", CONFIG], "N='two'"),
        ("local_multi_process.sh", ["0", "--", CONFIG], "N='0'"),
        ("local_multi_process.sh", ["2", "many", "--", CONFIG], "DEVICES='many'"),
        ("local_multi_process.sh", ["2"], "no flags of maskgan_jax.main"),
        ("local_multi_process.sh", ["2", "--"], "no flags of maskgan_jax.main"),
        ("local_multi_process.sh", ["--cpu", "2", "--", CONFIG], "unknown option --cpu"),
        ("local_multi_process.sh", ["--grace=soon", "2", "--", CONFIG], "--grace=soon"),
    ],
)
def test_a_usage_error_is_one_line(start, script, arguments, message):
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
def test_a_missing_python_is_named(start, script, arguments, monkeypatch):
    monkeypatch.setenv("PYTHON", "no/such/python")
    done = start(script, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no Python at no/such/python; ")
