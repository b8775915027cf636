"""The training command as a user starts it: its help, and one line for what can be mended."""

import signal
import subprocess
import sys
import time

import pytest

from tests.commands import run_command
from tests.test_train import logged_losses
from tests.tiny import tiny_config


def last_line(done: subprocess.CompletedProcess) -> str:
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=configs/ebst.py:quickstart", "--config.batchsize=4"], "batchsize"),
        (["--config=configs/ebst.py:tiny"], "has no variant :tiny; :small is"),
        (["--config=configs/nothing.py"], "nothing.py"),
        (["--config=configs/mask_vae.py:quickstart", "--config.batch_size=many"], "batch_size"),
        (["--config=configs/mask_vae.py", "--config.data.directory=/nowhere"], "/nowhere"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(arguments, message, tmp_path):
    done = run_command("maskgan_jax.main", *arguments, f"--workdir={tmp_path / 'run'}")
    assert done.returncode in (1, 2)
    assert last_line(done).startswith("error: ")
    assert message in last_line(done)
    assert not (tmp_path / "run/config.json").exists()


@pytest.mark.slow
def test_help_teaches_the_three_stages():
    done = run_command("maskgan_jax.main", "--help")
    assert "--config=configs/ebst.py" in done.stdout
    assert "--workdir" in done.stdout


@pytest.mark.slow
def test_a_killed_run_started_again_ends_in_the_same_numbers(faces, tmp_path):
    steps = 30
    fields = {
        **{f"networks.{k}": v for k, v in tiny_config("mask_vae").networks.mask_vae.items()},
        "num_train_steps": steps, "log_every_steps": 1, "checkpoint_every_steps": 3, "batch_size": 8,
        "data.directory": faces,
    }  # fmt: skip
    fields["networks.mask_vae.widths"] = fields.pop("networks.widths")
    fields["networks.mask_vae.latent_size"] = fields.pop("networks.latent_size")
    arguments = ["--config=configs/mask_vae.py:quickstart", *(f"--config.{k}={v}" for k, v in fields.items())]

    assert run_command("maskgan_jax.main", *arguments, f"--workdir={tmp_path / 'whole'}").returncode == 0
    command = [sys.executable, "-m", "maskgan_jax.main", *arguments, f"--workdir={tmp_path / 'killed'}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (tmp_path / "killed/checkpoints/6").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert run_command("maskgan_jax.main", *arguments, f"--workdir={tmp_path / 'killed'}").returncode == 0

    losses = logged_losses(tmp_path / "whole")
    assert sorted(losses) == list(range(1, steps + 1))
    assert logged_losses(tmp_path / "killed") == losses
