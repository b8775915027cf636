"""The training command as a user starts it: its help, and one line for what can be mended."""

import subprocess

import pytest

from configs import evaluation
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from tests.commands import run_command


def last_line(done: subprocess.CompletedProcess) -> str:
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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


def test_a_config_that_trains_nothing_is_refused():
    with pytest.raises(UserError, match="evaluation names no task to train"):
        tasks.make(evaluation.get_config())
