"""The report on EBGAN's runs: transplants with true results, gates with pairs of faces."""

import json

import numpy as np
import pytest
from PIL import Image

from launch.ebgan import gates, report
from launch.ebgan.inpainter import Inpainter
from launch.ebgan.transplants import held_out_transplants
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES
from tests.random_run import write_random_run
from tests.tiny import tiny_config

NAMES = ("Mouth_Slightly_Open", "Smiling", "Wearing_Lipstick", "Beard", "Eyeglasses", "Bushy_Eyebrows",
         "Arched_Eyebrows")  # fmt: skip


def test_a_transplant_has_the_exemplars_part_inside_the_region_and_the_photos_pixels_outside():
    for part in ("mouth", "eyes", "nose"):
        for each in held_out_transplants(part, 0, 64, 2):
            outside = each.region == 0
            np.testing.assert_array_equal(each.truth[outside], each.photo[outside])
            assert (each.truth != each.photo).any()
    mouths = held_out_transplants("mouth", 0, 64, 2)
    np.testing.assert_array_equal(mouths[1].exemplar, mouths[0].photo)


def test_pairs_differ_in_the_attribute_and_their_regions_cover_it(monkeypatch):
    monkeypatch.setattr(gates, "PAIRS", 3)
    for name in ("Smiling", "Beard"):
        for pair in gates.held_out_pairs(NAMES, name, 0, 64):
            assert pair.gates[NAMES.index(name)] == 1
            assert set(pair.gates) <= {0.0, 1.0}
            assert pair.photo.shape == (64, 64, 3)


@pytest.mark.slow
def test_every_part_and_attribute_has_its_figures(random_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "TRANSPLANTS", 4)
    monkeypatch.setattr(report, "GALLERY", 4)
    monkeypatch.setattr(report, "ROWS", 2)
    monkeypatch.setattr(gates, "PAIRS", 2)
    config = tiny_config("attribute_classifier")
    config.attributes = tuple(ATTRIBUTES[name].column for name in NAMES)
    write_random_run(config, tmp_path / "judge")

    report.report(random_runs / "att_ebgan", 0, tmp_path / "results", tmp_path / "judge")

    results = json.loads((tmp_path / "results/results.json").read_text())
    assert set(results) == {"mouth", "eyes", "nose", "gates"}
    assert set(results["gates"]) == set(NAMES)
    assert results["gates"]["Smiling"]["pairs"] == 2
    assert 0 <= results["mouth"]["exemplar found among 100"] <= 1
    assert Image.open(tmp_path / "results/transplants.png").size[0] > 6 * 64
    inpainter = Inpainter(random_runs / "att_ebgan")
    transplants = held_out_transplants("nose", 0, 64, 4)
    photos, regions = (np.stack([getattr(each, name) for each in transplants]) for name in ("photo", "region"))
    own = inpainter.inpaint(photos, regions, inpainter.encode(photos, regions))
    errors = [np.square(a[r > 0] / 255 - b[r > 0] / 255).mean() for a, b, r in zip(own, photos, regions, strict=True)]
    expected = np.mean([-10 * np.log10(error) for error in errors])
    assert results["nose"]["its own, from its code"][0] == pytest.approx(expected, abs=1e-3)
    assert "Mouths of exemplars" in capsys.readouterr().out
