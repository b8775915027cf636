"""The report on SPADE, with networks of random weights, and what it counts as the right colour."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.labels import CLASSES
from launch import batches, quickstart
from launch.held_out_faces import held_out_faces
from launch.quickstart_report import class_colours
from launch.spade import TASKS, report
from launch.spade.colours import nearer
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.evaluation.methods import own_colours, paint


def flat(*colours: int) -> np.ndarray:
    """Return an image of as many stripes of 8 rows, grey."""
    return np.repeat(np.array(colours, np.uint8), 8)[:, None, None].repeat(8, 1).repeat(3, 2)


def test_a_class_has_the_photos_colour_if_it_is_nearer_to_it_than_to_the_data_sets():
    skin, hair, hat = (CLASSES.index(name) for name in ("skin", "hair", "hat"))
    masks = [np.repeat(np.array([skin, hair, hat], np.uint8), 8)[:, None].repeat(8, 1)] * 2
    data_set = np.full((19, 3), 100.0)
    generated = [flat(149, 10, 100), flat(151, 10, 100)]
    photos = [flat(200, 10, 0), flat(200, 10, 0)]

    found = nearer(generated, masks, photos, masks, data_set)

    assert {name: each.tolist() for name, each in found.items()} == {"skin": [0, 1], "hair": [1, 1], "hat": [0, 0]}


def test_a_class_that_one_of_the_masks_lacks_is_left_out():
    skin, hair = (np.full((8, 8), CLASSES.index(name), np.uint8) for name in ("skin", "hair"))
    images = [flat(1)] * 2
    assert nearer(images, [skin] * 2, images, [hair] * 2, np.zeros((19, 3))) == {}


def test_the_commands_before_the_report_train_the_parser_and_spade():
    steps = dict(quickstart.commands(TASKS, quickstart.FACES, 0.5, Path("elsewhere")))
    assert list(steps) == ["faces", "face_parser", "spade"]
    assert steps["spade"][2:] == [
        "--config=configs/spade.py:quickstart", "--config.num_train_steps=1500", "--workdir=elsewhere/spade_quickstart",
    ]  # fmt: skip


@pytest.mark.slow
def test_every_figure_is_that_of_its_images(random_runs, faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "FACES", 3)
    monkeypatch.setattr(report, "ROWS", 2)
    monkeypatch.setattr(batches, "BATCH", 3)

    report.report(random_runs / "spade", random_runs / "face_parser", faces, 0, tmp_path)

    psnrs, parsed, own, others = json.loads((tmp_path / "results.json").read_text()).values()
    held_out = list(islice(held_out_faces(0, 64), 3))
    for name, colours in (
        ("the photo's own colour per class instead", lambda each: own_colours(each.photo, each.mask)),
        ("the data set's colour per class instead", lambda each: class_colours(faces, 64)),
    ):
        expected = np.mean([psnr(paint(colours(each), each.mask), each.photo) for each in held_out])
        assert psnrs[name][0] == pytest.approx(expected)
    assert list(parsed) == [
        "the photos", "photos from their own masks and styles", "masks in the style of others", *list(psnrs)[1:],
    ]  # fmt: skip
    for shares in (own, others):
        assert shares.keys() >= {"all", "skin", "hair"}
        assert all(0 <= mean <= 1 for mean, _, _ in shares.values())
    assert "a face parser finds the mask" in capsys.readouterr().out
    assert Image.open(tmp_path / "styles.png").size[0] > 5 * 64
