"""Runs that are killed, interrupted or diverge, as real processes with real signals."""

import json
import re
import signal
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from absl import logging

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.devices import hardware
from maskgan_jax.runs import models
from tests.commands import start_command, tiny_arguments
from tests.devices.test_model_flops import TINY_MASK_VAE_FLOPS
from tests.tiny import tiny_config
from tests.train import train
from tests.training.test_loop import logged_losses


def command(faces: Path, workdir: Path, steps: int, checkpoint_every_steps: int = 1) -> list[str]:
    """Return the command of a tiny run of the MaskVAE."""
    config = tiny_config("mask_vae", faces)
    config.num_train_steps = steps
    config.checkpoint_every_steps = checkpoint_every_steps
    return ["maskgan_jax.main", *tiny_arguments(config), f"--workdir={workdir}"]


def saved_steps(workdir: Path) -> list[int]:
    folder = workdir / "checkpoints"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if name.isdecimal())


def last_state(workdir: Path) -> dict:
    return ocp.PyTreeCheckpointer().restore(workdir / "checkpoints" / str(saved_steps(workdir)[-1]) / "default")


def kill_at_random(killed: list[str], workdir: Path, rng: np.random.Generator) -> None:
    """Start a run and kill it: one in five while it starts, the others within a few steps and their checkpoints."""
    process = start_command(*killed)
    if rng.random() < 0.2:
        time.sleep(rng.uniform(0, 10))
    else:
        goal = max(saved_steps(workdir), default=0) + rng.integers(1, 4)
        while max(saved_steps(workdir), default=0) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.2))
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    "kills", [pytest.param(2, marks=pytest.mark.slow), pytest.param(30, marks=[pytest.mark.slow, pytest.mark.long])]
)
def test_a_run_killed_at_random_moments_ends_with_the_same_bits_as_an_uninterrupted_one(kills, faces, tmp_path):
    steps = 6 * kills
    config = tiny_config("mask_vae", faces)
    config.num_train_steps, config.checkpoint_every_steps = steps, 1
    train(config, tmp_path / "whole")
    killed = command(faces, tmp_path / "killed", steps)
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        kill_at_random(killed, tmp_path / "killed", rng)
    assert max(saved_steps(tmp_path / "killed")) < steps
    train(config, tmp_path / "killed")
    jax.tree.map(np.testing.assert_array_equal, last_state(tmp_path / "killed"), last_state(tmp_path / "whole"))
    losses = logged_losses(tmp_path / "whole")
    assert sorted(losses) == list(range(1, steps + 1))
    assert logged_losses(tmp_path / "killed") == losses


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_an_interrupted_run_saves_the_step_and_exits_with_the_status_for_a_restart(number, faces, tmp_path):
    process = start_command(*command(faces, tmp_path, 100_000, checkpoint_every_steps=50_000))
    metrics = tmp_path / "metrics.jsonl"
    while not (metrics.exists() and len(metrics.read_text().splitlines()) >= 3):
        assert process.poll() is None
        time.sleep(0.05)
    told = time.monotonic()
    process.send_signal(number)
    _, printed = process.communicate()
    assert time.monotonic() - told < 10
    assert process.returncode == 75
    (step,) = re.findall(rf"^{number.name}: saved step (\d+) in", printed, re.MULTILINE)
    assert saved_steps(tmp_path) == [int(step)] == [int(last_state(tmp_path)["step"])]


@pytest.fixture
def warnings(monkeypatch) -> list[str]:
    """The warnings that are logged."""
    lines = []
    monkeypatch.setattr(logging, "warning", lambda line, *values: lines.append(line % values))
    return lines


@pytest.mark.slow
def test_a_nonfinite_step_is_counted_and_named_and_training_continues(faces, tmp_path, monkeypatch, warnings):
    whole = tasks.make

    def bad_at_the_third_step(config):
        task = whole(config)

        def step(state, batch):
            state, losses = task.step(state, batch)
            return state, losses | {"kl": jnp.where(state.step == 3, jnp.inf, losses["kl"])}

        return task._replace(step=step)

    monkeypatch.setattr(tasks, "make", bad_at_the_third_step)
    state = train(tiny_config("mask_vae", faces), tmp_path)
    assert int(state.step) == 6
    assert {step: losses["train/skipped_steps"] for step, losses in logged_losses(tmp_path).items()} == {
        1: 0, 2: 0, 3: 1, 4: 0, 5: 0, 6: 0,
    }  # fmt: skip
    (line,) = [line for line in warnings if "skipped" in line]
    assert re.match(r"An update of step 3 is skipped: kl = inf not finite, photos \d+(, \d+){7}$", line)


@pytest.mark.slow
def test_too_many_nonfinite_steps_stop_the_run_and_save_state_and_photo_numbers(faces, tmp_path):
    config = tiny_config("mask_vae", faces)
    config.optimiser.learning_rate = 1e30
    config.num_train_steps = 20
    config.max_nonfinite_steps = 4
    config.checkpoint_every_steps = 1
    message = (
        r"step 5: .*kl = (nan|inf).* not finite, photos \d+, .*, as in 4 steps in a row.*bad_step_5, .*learning_rate"
    )
    with pytest.raises(UserError, match=message):
        train(config, tmp_path)
    saved = json.loads((tmp_path / "bad_step_5/not_finite.json").read_text())
    assert saved["step"] == 5
    assert len(saved["photos"]) == config.batch_size
    assert any(line.startswith("kl = ") for line in saved["not_finite"])
    shapes = {"params": jax.tree.map(jnp.zeros_like, last_state(tmp_path)["params"])}
    kept = models.load_part(tmp_path / "bad_step_5", shapes, "test", verify=True)
    jax.tree.map(np.testing.assert_array_equal, kept["params"], last_state(tmp_path)["params"])
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept))


@pytest.mark.slow
def test_a_run_logs_its_speed_and_records_a_profile_on_request(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "PEAK_TFLOPS", {"cpu": 0.5})
    config = tiny_config("mask_vae", faces)
    config.num_train_steps = 8
    config.losses.lambda_dice = 0.0  # as in the count by hand
    (tmp_path / "profile").touch()
    train(config, tmp_path)
    assert not (tmp_path / "profile").exists()
    (recorded,) = (tmp_path / "plugins/profile").iterdir()
    assert list(recorded.glob("*.xplane.pb"))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for line in (line for line in lines if "seconds_per_step" in line):
        parts = [line[f"speed/{part}_seconds"] for part in ("data_wait", "step", "other")]
        assert sum(parts) == pytest.approx(line["seconds_per_step"])
        assert min(parts) >= 0
        assert line["speed/images_per_second"] == pytest.approx(config.batch_size / (parts[0] + parts[1]))
        # The peak of one CPU is set to 0.5 TFLOP/s above; the operations are counted by hand in `test_model_flops`.
        operations = line["speed/model_flop_utilisation"] * (parts[0] + parts[1]) * 0.5e12
        assert operations == pytest.approx(TINY_MASK_VAE_FLOPS, rel=0.25)


def test_an_unknown_best_metric_is_refused_with_the_list_of_metrics(faces, tmp_path):
    config = tiny_config("mask_vae", faces)
    config.best_metric = "psnr"
    with pytest.raises(UserError, match=r"best_metric: there is no metric 'psnr'; name one of validation/"):
        train(config, tmp_path)
