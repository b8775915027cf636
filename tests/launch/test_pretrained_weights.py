"""The weights that come with the project: the commands that make them, their comparison, record and export."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from absl.flags import FlagValues
from ml_collections import config_flags

from data_pipeline.errors import UserError
from launch import held_out_edits, pretrained, pretrained_report
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.photos.files import read_photo
from tests.commands import run_command


@pytest.fixture(scope="module")
def finished(runs, tmp_path_factory) -> Path:
    """A folder with the tiny runs under the names of the pretrained ones."""
    folder = tmp_path_factory.mktemp("pretrained")
    for task in ("mask_vae", "face_parser", "ebst", "dense_mapping"):
        (folder / f"{task}_pretrained").symlink_to(runs / task)
    (folder / "dense_mapping_longer_pretrained").symlink_to(runs / "dense_mapping")
    return folder


def configs(monkeypatch) -> dict:
    """Return the config of each training command by the command's name."""
    found = {}
    for name, (_, module, *options) in pretrained.commands(Path("faces"), Path("results")):
        if module == "maskgan_jax.main":
            monkeypatch.setattr(sys, "argv", ["program", *options])  # config_flags searches it for fields
            flags = FlagValues()
            config_flags.DEFINE_config_file("config", flag_values=flags)
            flags(["program", *(option for option in options if option.startswith("--config"))])
            found[name] = flags.config
    return found


def test_without_ebst_the_generator_is_trained_on_for_as_many_updates(monkeypatch):
    made = configs(monkeypatch)
    assert made["ebst"].updates == "sequential"  # two updates of the generator a step
    assert made[pretrained.LONGER].num_train_steps == 2 * made["ebst"].num_train_steps
    assert made[pretrained.LONGER].optimiser == made["ebst"].optimiser
    assert made[pretrained.LONGER].init.dense_mapping == made["ebst"].init.dense_mapping


def test_every_run_reads_the_same_faces_and_each_task_exists(monkeypatch):
    made = configs(monkeypatch)
    assert {config.data.directory for config in made.values()} == {"faces"}
    assert all(config.data.synthetic for config in made.values())
    assert all(importlib.import_module(f"maskgan_jax.tasks.{config.task}") for config in made.values())


@pytest.mark.slow
def test_the_better_generator_is_exported_with_a_record_of_all(faces, finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(held_out_edits, "TEST_FACES", 9)
    out = tmp_path / "exported"
    pretrained_report.report(faces, 0, 64, finished, out, [["-m", "maskgan_jax.main"]])
    record = json.loads((out / "record.json").read_text())

    true_masks = record["psnr"]["true edited masks"]
    edits = held_out_edits.held_out_edits(0, 64)
    expected = np.mean([psnr(edit.photo, edit.truth, edit.region) for edit in edits])
    mean, low, high = true_masks["the photo left unchanged"]["inside the edited region"]
    assert mean == pytest.approx(expected, abs=1e-3)
    assert low < mean < high
    compared = {
        name: sum(rows[name]["inside the edited region"][0] for rows in record["psnr"].values())
        for name in ("EBST", "Dense Mapping Network, as many updates")
    }
    assert record["exported generator"] == max(compared, key=compared.get)
    assert "| the photo's own colour per class |" in capsys.readouterr().out

    photo = read_photo(out / "edits.png")
    assert photo.shape[1] > 6 * 128
    folders = {path.parent.name for path in out.glob("*/config.json")}
    is_ebst = record["exported generator"] == "EBST"
    assert folders == ({"ebst", "face_parser"} if is_ebst else {"dense_mapping", "mask_vae", "face_parser"})


@pytest.mark.slow
def test_an_export_that_is_too_large_is_refused(faces, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained_report, "MAX_BYTES", 1000)
    monkeypatch.setattr(held_out_edits, "TEST_FACES", 2)
    with pytest.raises(UserError, match=r"more than 0\.001; choose smaller networks"):
        pretrained_report.report(faces, 0, 64, finished, tmp_path / "exported", [])


def test_a_folder_of_something_else_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    done = run_command("launch.pretrained", f"--out={tmp_path}", f"--data={tmp_path}/data")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: --out: {tmp_path} exists and holds other things than these weights; name another folder\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_scores_are_of_the_region_and_of_the_rest(runs):
    edits = held_out_edits.held_out_edits(0, 64)[:2]
    images = held_out_edits.edit_all(Editor(runs / "ebst"), edits, "test")
    inside, outside, whole = held_out_edits.scores(images, edits)[1]
    assert inside == psnr(images[1], edits[1].truth, edits[1].region)
    assert outside == psnr(images[1], edits[1].truth, ~edits[1].region)
    assert whole == psnr(images[1], edits[1].truth)
