"""The report on edits that make faces smile, with an edit and a judge whose results are known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from absl.flags import FlagValues
from ml_collections import config_flags
from PIL import Image

from launch import attribute_judge
from launch.attribute_editing import report
from launch.attribute_editing.systems import SYSTEMS
from launch.attribute_judge import balanced_accuracy
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.inference.models import load_model
from tests.random_run import write_random_run
from tests.tiny import CONFIGS, tiny_config


def test_every_system_has_a_config_that_sets_the_attribute():
    for name in SYSTEMS:
        assert "Smiling" in CONFIGS[name].get_config("quickstart").attributes


def test_cases_differ_in_the_mouth_and_little_else():
    for case in report.held_out_cases(0, 64, 4):
        inside, outside = (psnr(case.truth, case.photo, region) for region in (case.mouth, ~case.mouth))
        assert inside < 25
        assert outside > 35
        assert 0.005 < case.mouth.mean() < 0.2


def test_balanced_accuracy_counts_both_kinds_alike():
    says, truth = np.array([True, False, True, True, False]), np.array([True, True, True, False, False])
    assert balanced_accuracy(says, truth) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_the_judge_learns_the_attribute_on_the_faces_of_the_run():
    name, command = attribute_judge.training(Path("runs/judge"), Path("data/faces"), ("Smiling",))
    flags = FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=flags)
    options = [each for each in command if each.startswith("--config")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["program", *options])  # config_flags searches it for fields
        flags(["program", *options])
    assert name == "attribute_judge"
    assert "--workdir=runs/judge" in command
    assert (flags.config.attributes, flags.config.data.directory) == (("Smiling",), "data/faces")


@pytest.fixture
def small_report(monkeypatch, tmp_path) -> Path:
    """A folder with a judge of random weights, and a report of few faces."""
    for name, value in {"FACES": 6, "ROWS": 2}.items():
        monkeypatch.setattr(report, name, value)
    config = tiny_config("attribute_classifier")
    config.attributes = ("Smiling",)
    write_random_run(config, tmp_path / "judge")
    return tmp_path


@pytest.mark.slow
def test_an_edit_to_the_exemplar_is_judged_as_the_exemplar_is(small_report, capsys):
    figures = report.report(lambda photos, exemplars: exemplars, small_report / "judge", 0, 64, small_report / "out")

    assert figures["judged smiling: edited"] == figures["judged smiling: other faces rendered smiling"]
    cases = report.held_out_cases(0, 64, 6)
    outside = np.mean([psnr(case.exemplar, case.photo, ~case.mouth) for case in cases])
    assert figures["PSNR outside the mouth: edited"][0] == pytest.approx(outside)
    results = json.loads((small_report / "out/results.json").read_text())
    assert results["judged smiling: the photo"] == list(figures["judged smiling: the photo"])
    assert 0 <= results["judge's balanced accuracy"] <= 1
    assert Image.open(small_report / "out/smiles.png").size[0] > 4 * 128
    assert "6 held-out synthetic faces that don't smile, 64 px" in capsys.readouterr().out


@pytest.mark.slow
def test_stargan_sets_its_label_and_keeps_the_others(tmp_path):
    config = tiny_config("stargan")
    config.attributes = ("Male", "Smiling")
    write_random_run(config, tmp_path)
    photos = np.stack([case.photo for case in report.held_out_cases(0, 64, 3)])
    model = load_model(tmp_path, ("set_attributes", "classify"), "--runs")
    male = np.asarray(model.compile("classify")(photos))[:, 0] > 0
    labels = np.stack([male, np.ones(3)], axis=1).astype(np.float32)

    edited = SYSTEMS["stargan"](tmp_path)(photos, photos)

    np.testing.assert_array_equal(edited, model.compile("set_attributes")(photos, labels))


@pytest.mark.slow
def test_elegant_exchanges_the_attribute_and_keeps_the_others(random_runs):
    cases = report.held_out_cases(0, 64, 3)
    photos, exemplars = np.stack([case.photo for case in cases]), np.stack([case.exemplar for case in cases])
    model = load_model(random_runs / "elegant", ("exchange",), "--runs")
    gates = np.zeros((3, len(model.config.attributes)), np.float32)
    gates[:, list(model.config.attributes).index("Smiling")] = 1

    edited = SYSTEMS["elegant"](random_runs / "elegant")(photos, exemplars)

    np.testing.assert_array_equal(edited, model.compile("exchange")(photos, exemplars, gates))
