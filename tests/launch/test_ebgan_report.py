"""The report on EBGAN's runs: transplants with true results, gates with pairs of faces."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from absl.flags import FlagValues
from ml_collections import config_flags
from PIL import Image

from data_pipeline.celeba_attributes import ATTRIBUTES as ATTRIBUTES_OF_CELEBA
from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import EDITS, render
from launch.ebgan import backgrounds, gates, report
from launch.ebgan.__main__ import _judge
from launch.ebgan.inpainter import Inpainter
from launch.ebgan.transplants import held_out_transplants
from launch.held_out_faces import held_out_faces
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES, covers
from tests.random_run import write_random_run
from tests.tiny import tiny_config

NAMES = ("Mouth_Slightly_Open", "Smiling", "Wearing_Lipstick", "Beard", "Eyeglasses", "Bushy_Eyebrows",
         "Arched_Eyebrows")  # fmt: skip


def test_a_transplant_is_the_photo_with_the_exemplars_part_in_the_region():
    for part in ("mouth", "eyes", "nose"):
        for each in held_out_transplants(part, 0, 64, 2):
            outside = each.region == 0
            np.testing.assert_array_equal(each.truth[outside], each.own.photo[outside])
            assert (each.truth != each.own.photo).any()
    mouths = held_out_transplants("mouth", 0, 64, 2)
    own, other = mouths[0].own.face, mouths[0].exemplar.face
    style = replace(own.style, lips=other.style.lips, lipstick=other.style.lipstick)
    photo, _ = render(replace(own.geometry, mouth=other.geometry.mouth), style, 64)
    np.testing.assert_array_equal(mouths[0].truth[mouths[0].region > 0], photo[mouths[0].region > 0])


def test_pairs_differ_in_the_attribute_and_their_regions_cover_it(monkeypatch):
    monkeypatch.setattr(gates, "PAIRS", 3)
    for name, column, sign in (("Smiling", "Smiling", 1), ("Beard", "No_Beard", -1)):
        for pair in gates.held_out_pairs(name, 0, 64):
            values = [sign * each.attributes[ATTRIBUTES_OF_CELEBA.index(column)] for each in (pair.own, pair.exemplar)]
            assert values == [-1, 1]
            assert covers(pair.region[None] > 0, pair.own.mask[None], [name]).all()


def test_an_edit_frees_background_whose_true_colours_are_those_of_a_face_with_shorter_hair():
    edits = backgrounds.freed_backgrounds(0, 64, 4)
    original = next(held_out_faces(0, 64))
    names = ("shorter_hair", "narrower_face")
    shorter, narrower = (render(EDITS[name](original.face.geometry), original.face.style, 64) for name in names)
    for edit, (truth, mask) in zip(edits, (shorter, narrower), strict=False):
        np.testing.assert_array_equal(edit.photo, original.photo)
        np.testing.assert_array_equal(edit.truth, truth)
        np.testing.assert_array_equal(edit.freed, (mask == 0) & (original.mask > 0))
        np.testing.assert_array_equal(edit.known, (mask == 0) & (original.mask == 0))


def test_an_attribute_that_no_rendered_face_shows_is_an_error(monkeypatch):
    monkeypatch.setattr(gates, "PAIRS", 2)
    with pytest.raises(UserError, match=r"config\.attributes: 0 pairs of rendered faces for Mustache; leave it out"):
        gates.held_out_pairs("Mustache", 0, 64)


def test_the_judge_learns_the_attributes_of_the_run():
    name, command = _judge(Path("runs/judge"), Path("data/quickstart"))
    assert name == "attribute_judge"
    flags = FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=flags)
    options = [each for each in command if each.startswith("--config")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["program", *options])  # config_flags searches it for fields
        flags(["program", *options])
    assert flags.config.attributes == tuple(ATTRIBUTES[name].column for name in NAMES)


@pytest.mark.slow
def test_every_part_and_attribute_has_its_figures(random_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "TRANSPLANTS", 4)
    monkeypatch.setattr(report, "GALLERY", 4)
    monkeypatch.setattr(report, "ROWS", 2)
    monkeypatch.setattr(gates, "PAIRS", 2)
    config = tiny_config("attribute_classifier")
    config.attributes = tuple(ATTRIBUTES[name].column for name in NAMES)
    write_random_run(config, tmp_path / "judge")

    report.report(random_runs / "att_ebgan", 0, tmp_path / "results", tmp_path / "judge", random_runs / "dense_mapping")

    results = json.loads((tmp_path / "results/results.json").read_text())
    parts = [f"{part}{end}" for part in ("mouth", "eyes", "nose") for end in ("", ", seam", ", found")]
    assert set(results) == {"gates", "background", *parts}
    assert "the generator of the edit" in results["background"]
    assert set(results["gates"]) == set(NAMES)
    assert set(results["gates"]["Smiling"]) == set(report.COLUMNS)
    assert all(0 <= mean <= 1 for mean, _, _ in results["mouth, found"].values())
    assert Image.open(tmp_path / "results/transplants.png").size[0] > 6 * 64
    inpainter = Inpainter(random_runs / "att_ebgan")
    transplants = held_out_transplants("nose", 0, 64, 4)
    photos, regions = [each.own.photo for each in transplants], [each.region for each in transplants]
    codes = inpainter.encode(
        photos, regions, [each.own.mask for each in transplants], [each.own.attributes for each in transplants]
    )
    own = inpainter.inpaint(photos, regions, codes)
    errors = [np.square(a[r > 0] / 255 - b[r > 0] / 255).mean() for a, b, r in zip(own, photos, regions, strict=True)]
    expected = np.mean([-10 * np.log10(error) for error in errors])
    assert results["nose"]["the photo's part, from its own code"][0] == pytest.approx(expected, abs=1e-3)
    assert "Mouths of exemplars" in capsys.readouterr().out
