"""The training loop on real tasks at tiny sizes: logs, image grids, checkpoints, resuming, errors."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline import input_pipeline
from data_pipeline.errors import UserError
from maskgan_jax.evaluators.metrics import TaskMetrics
from maskgan_jax.runs.directory import load_config
from maskgan_jax.training import metric_log
from maskgan_jax.training.interruption import Interrupted
from tests.tiny import tiny_config
from tests.train import train

TASKS = ("mask_vae", "dense_mapping", "ebst", "face_parser")


def logged_losses(run: Path) -> dict[int, dict[str, float]]:
    """Return the logged losses of every step."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [(line["step"], {k: v for k, v in line.items() if k.startswith("train/")}) for line in lines]
    return {step: entries for step, entries in losses if entries}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_run_writes_losses_metrics_an_image_grid_and_its_last_checkpoints(task, runs):
    losses = logged_losses(runs / task)
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for entries in losses.values() for value in entries.values())
    metrics = {name for line in (runs / task / "metrics.jsonl").read_text().splitlines() for name in json.loads(line)}
    assert "validation/psnr" in metrics or "validation/mean_iou" in metrics
    assert Image.open(runs / task / "pictures/step_0000006.png").size[0] > 3 * 128
    assert [path.name for path in sorted((runs / task / "checkpoints").iterdir())] == ["2", "4", "6"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    ["mask_vae", *(pytest.param(task, marks=pytest.mark.long) for task in ("dense_mapping", "ebst", "face_parser"))],
)
def test_a_resumed_run_logs_the_same_losses_to_the_last_bit(task, faces, runs, tmp_path, monkeypatch):
    config = tiny_config(task, faces, runs)
    config.batch_size = 2
    whole = input_pipeline.train_batches

    def cut_off(*args, **kwargs):
        for step, batch in enumerate(whole(*args, **kwargs), start=1):
            if step == 6:  # one batch is transferred to the devices while the step before it runs
                raise MemoryError("the machine failed")
            yield batch

    monkeypatch.setattr(input_pipeline, "train_batches", cut_off)
    with pytest.raises(MemoryError):
        train(config, tmp_path)
    monkeypatch.undo()
    train(config, tmp_path)
    assert logged_losses(tmp_path) == logged_losses(runs / task)


@pytest.mark.slow
def test_ebst_resumes_from_a_checkpoint_with_the_same_losses_to_the_last_bit(runs, tmp_path):
    resumed = shutil.copytree(runs / "ebst", tmp_path / "ebst")
    shutil.rmtree(resumed / "checkpoints/6")
    train(load_config(resumed), resumed)
    assert logged_losses(resumed) == logged_losses(runs / "ebst")


@pytest.mark.slow
def test_sigterm_saves_the_step_and_the_same_command_resumes_and_repeats_an_interrupted_evaluation(
    faces, tmp_path, monkeypatch
):
    """Told to stop before step 4, and in the evaluations of steps 4 and 6, a run ends as one that was left alone."""
    config = tiny_config("mask_vae", faces)
    config.evaluators.metrics.every_steps = 4
    config.checkpoint_every_steps = 100
    train(config, tmp_path / "whole")
    run = tmp_path / "run"
    whole_batches, whole_evaluation, evaluations_to_stop = input_pipeline.train_batches, TaskMetrics.evaluate, [4, 6]

    def stop_batches(*args, **kwargs):
        for step, batch in enumerate(whole_batches(*args, **kwargs), start=1):
            if step == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch

    def stop_evaluation(evaluator, state, interrupted):
        if int(state.step) in evaluations_to_stop:
            evaluations_to_stop.remove(int(state.step))
            os.kill(os.getpid(), signal.SIGTERM)
        return whole_evaluation(evaluator, state, interrupted)

    with monkeypatch.context() as patch:
        patch.setattr(input_pipeline, "train_batches", stop_batches)
        with pytest.raises(Interrupted, match="SIGTERM: saved step 3") as stop:
            train(config, run)
    assert stop.value.exit_status == 75
    monkeypatch.setattr(TaskMetrics, "evaluate", stop_evaluation)
    for step in (4, 6):
        with pytest.raises(Interrupted, match=f"SIGTERM: saved step {step} in"):
            train(config, run)
        assert not metric_log.has_metrics(run, step, {"validation/mean_iou"})
    train(config, run)
    assert evaluations(run) == evaluations(tmp_path / "whole")
    assert logged_losses(run) == logged_losses(tmp_path / "whole")
    train(config, run)  # there is nothing left to do
    assert len(evaluations(run)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("best_metric", "best_step"),
    [pytest.param("validation/mean_iou", "2", marks=pytest.mark.long), ("-validation/mean_iou", "4")],
)
def test_the_checkpoint_of_the_best_metric_is_kept(best_metric, best_step, faces, tmp_path, monkeypatch):
    config = tiny_config("mask_vae", faces)
    config.evaluators.metrics.every_steps = 1
    config.checkpoints_to_keep = 1
    config.best_metric = best_metric
    mean_iou = {1: 0.3, 2: 0.9, 3: 0.5, 4: 0.1, 5: 0.2, 6: 0.4}
    monkeypatch.setattr(
        TaskMetrics, "evaluate", lambda self, state, interrupted: {"validation/mean_iou": mean_iou[int(state.step)]}
    )
    train(config, tmp_path)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [best_step, "6"]


def evaluations(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if any(name.startswith("validation/") for name in line)]


def test_incomplete_lines_of_the_log_are_removed_at_resume(tmp_path):
    lines = '{"step": 1, "train/loss": 3.0}\n{"step": 2, "train/loss": 2.0}\n{"step": 3}\n'
    (tmp_path / "metrics.jsonl").write_bytes(lines.encode() + b'\x00\xff\x00\n[]\n{"step": 2')
    metric_log.open_writer(tmp_path, resumed_step=2).close()
    assert logged_losses(tmp_path) == {1: {"train/loss": 3.0}, 2: {"train/loss": 2.0}}
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_workdir_of_another_config_is_left_alone(faces, runs):
    config = tiny_config("mask_vae", faces)
    config.batch_size = 2
    config.optimiser.learning_rate = 0.5
    before = (runs / "mask_vae/config.json").read_bytes()
    with pytest.raises(UserError, match=r"another config \(config.optimiser.learning_rate is 0.003 there, 0.5 here\)"):
        train(config, runs / "mask_vae")
    assert (runs / "mask_vae/config.json").read_bytes() == before


def test_a_missing_pretrained_network_names_the_command_that_trains_it(faces, tmp_path):
    config = tiny_config("ebst", faces, tmp_path / "nowhere")
    message = r"config.init.mask_vae: no trained run at .*nowhere/mask_vae.*--config=configs/mask_vae.py:quickstart"
    with pytest.raises(UserError, match=message):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run/config.json").exists()


def test_a_pretrained_network_of_another_size_is_named_with_both_shapes(faces, runs, tmp_path):
    config = tiny_config("ebst", faces, runs)
    config.networks.mask_vae.latent_size = 16
    with pytest.raises(UserError, match=r"config.init.mask_vae: .*shape \(.*8.*\) in the run .* but \(.*16.*\) here"):
        train(config, tmp_path / "run")


def test_a_run_without_the_pretrained_network_is_refused(faces, runs, tmp_path):
    config = tiny_config("ebst", faces, runs)
    config.init.mask_vae = str(runs / "dense_mapping")
    with pytest.raises(UserError, match=r"config.init.mask_vae: the run at .* has no .*mask_vae"):
        train(config, tmp_path / "run")


def test_a_batch_that_the_devices_cannot_share_names_the_field(faces, tmp_path, monkeypatch):
    monkeypatch.setattr("jax.device_count", lambda: 3)
    with pytest.raises(UserError, match=r"config\.batch_size: 8 examples can't be split evenly over 3 devices"):
        train(tiny_config("mask_vae", faces), tmp_path)


def test_a_missing_data_directory_ends_the_run_before_anything_is_written(tmp_path):
    config = tiny_config("mask_vae", tmp_path / "nowhere")
    with pytest.raises(UserError, match="nowhere"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run/config.json").exists()


def test_an_unknown_task_lists_the_tasks(faces, tmp_path):
    config = tiny_config("mask_vae", faces)
    config.task = "stylegan"
    with pytest.raises(
        UserError,
        match=r"no task 'stylegan'; the tasks are attribute_classifier, dense_mapping, ebgan, ebst, elegant, face_",
    ):
        train(config, tmp_path)
