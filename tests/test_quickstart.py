"""What the quickstart reports, on tiny runs."""

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from data_pipeline.synthetic_faces import split_of
from launch import held_out_edits, mask_baseline, quickstart, quickstart_report
from maskgan_jax.photos.files import read_label_map, read_photo
from tests.commands import wait_for


def test_every_edit_is_of_a_face_that_no_stage_sees_and_changes_its_mask():
    edits = held_out_edits.held_out_edits(seed=0, size=32)
    assert len(edits) > 150
    assert all(edit.region.any() for edit in edits)
    assert split_of(9) == "test"


@pytest.mark.slow
def test_ctrl_c_lets_the_stage_at_work_save(tmp_path):
    project = Path(__file__).parent.parent
    (tmp_path / "configs").symlink_to(project / "configs")  # where commands look for them; data and runs go beside
    command = [sys.executable, "-m", "launch.quickstart", "--faces=40", "--training=100"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(project)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_for(tmp_path / "runs/mask_vae_quickstart/metrics.jsonl", [process])
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    printed = process.communicate(timeout=120)[1]
    assert process.returncode == 75, printed
    assert "Traceback" not in printed
    assert re.match(r"SIGINT: (saved step \d+|nothing new to save) in", printed.splitlines()[-1])


@pytest.mark.slow
def test_the_report_prints_one_table_and_the_path_of_a_picture(faces, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(held_out_edits, "TEST_FACES", 4)
    stages, folder = {stage: runs / stage for stage in quickstart.STAGES}, tmp_path / "quickstart"
    quickstart_report.report(faces, 64, 0, stages, folder, {"faces": 1.0})
    table = capsys.readouterr().out
    for line in (
        "pixel accuracy",
        "the most frequent class of each pixel instead",
        "reconstruction (test), PSNR",
        "inside the edited region, outside, whole",
        "seconds a step, ebst",
    ):
        assert line in table
    assert str(folder / "edits.png") in table
    assert Image.open(folder / "edits.png").size[0] > 6 * 128

    edits = held_out_edits.held_out_edits(seed=0, size=64)
    for place, edit in enumerate(edits):
        np.testing.assert_array_equal(read_photo(folder / f"{place}_photo.png"), edit.photo)
        np.testing.assert_array_equal(read_label_map(folder / f"{place}_mask.png"), edit.mask)
        np.testing.assert_array_equal(read_label_map(folder / f"{place}_edited_mask.png"), edit.edited_mask)


def test_colours_of_the_classes_are_means_over_the_training_faces(faces):
    from data_pipeline.input_pipeline import EvalBatches
    from data_pipeline.labels import CLASSES
    from data_pipeline.prepare import prepare

    colours = quickstart_report.class_colours(faces, 64)
    skin = CLASSES.index("skin")
    batch = next(iter(EvalBatches(prepare(faces, 64), "train", entries=("image_t", "mask_t"), batch_size=32)))
    assert (batch["weight"] == 1).all()
    np.testing.assert_allclose(colours[skin], batch["image_t"][batch["mask_t"] == skin].mean(0), atol=1e-6)


def test_the_baseline_of_masks_is_each_pixels_most_frequent_class_in_training(faces):
    from data_pipeline.input_pipeline import EvalBatches
    from data_pipeline.prepare import prepare

    def masks(split: str) -> np.ndarray:
        batches = EvalBatches(prepare(faces, 64), split, entries=("mask_t",), batch_size=7)
        return np.concatenate([batch["mask_t"][batch["weight"] > 0] for batch in batches])

    guess = stats.mode(masks("train"), axis=0).mode
    held_out = masks("validation")
    found = mask_baseline.most_frequent_classes(faces, 64)
    assert found["pixel_accuracy"] == pytest.approx((held_out == guess).mean())
    either = (held_out == 1) | (guess == 1)
    assert found["iou/skin"] == pytest.approx(((held_out == 1) & (guess == 1)).sum() / either.sum())


def test_every_command_of_the_quickstart_is_one_that_a_user_can_type():
    commands = dict(quickstart.commands(quickstart.STAGES, 2000, 1, Path("runs")))
    assert list(commands) == ["faces", "mask_vae", "dense_mapping", "ebst"]
    assert commands["ebst"] == ["-m", "maskgan_jax.main", "--config=configs/ebst.py:quickstart"]


def test_longer_training_is_more_steps_of_every_stage():
    for stage, command in list(quickstart.commands(quickstart.STAGES, 2000, 2.5, Path("runs")))[1:]:
        config = importlib.import_module(f"configs.{stage}").get_config("quickstart")
        assert command[-1] == f"--config.num_train_steps={round(2.5 * config.num_train_steps)}"


def test_other_settings_have_folders_of_their_own():
    commands = dict(quickstart.commands(quickstart.STAGES, 60, 1, Path("runs/few")))
    assert "--out=data/quickstart_60" in commands["faces"]
    assert commands["ebst"][3:] == [
        "--config.data.directory=data/quickstart_60",
        "--workdir=runs/few/ebst_quickstart",
        "--config.init.mask_vae=runs/few/mask_vae_quickstart",
        "--config.init.dense_mapping=runs/few/dense_mapping_quickstart",
    ]
