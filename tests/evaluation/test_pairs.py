"""Pairs of photos, against the rule written out, and the mouth that is pasted."""

import itertools

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from maskgan_jax.evaluation.pairs import (
    Pair,
    leaves_a_face,
    paste_mouth,
    read_pairs,
    smiling_pairs,
    style_pairs,
    write_pairs,
)

COUNT = 40


@pytest.fixture(scope="module")
def photos() -> dict[str, np.ndarray]:
    """Numbers, smiles and poses of photos, of which the first three show no mouth."""
    rng = np.random.default_rng(0)
    return {
        "indices": np.arange(COUNT) * 10 + 1,
        "smiling": rng.choice([-1, 1], COUNT),
        "poses": rng.uniform(-30, 30, (COUNT, 3)).astype(np.float32),
        "has_mouth": np.arange(COUNT) >= 3,
        "is_usable": lambda target, source: (target + source) % 5 > 0,
    }


def test_the_nearest_poses_are_paired_first_and_no_photo_twice(photos):
    pairs = smiling_pairs(**photos, count=8)

    numbers = {int(index): place for place, index in enumerate(photos["indices"])}
    usable = [index for index, place in numbers.items() if photos["has_mouth"][place]]
    left = {index: photos["smiling"][numbers[index]] for index in usable}
    expected = []
    while len(expected) < 8:
        candidates = itertools.product(
            [index for index, smiles in left.items() if smiles < 0],
            [index for index, smiles in left.items() if smiles > 0],
        )

        def cost(pair):
            return float(np.abs(np.subtract(*(photos["poses"][numbers[index]] for index in pair))).max())

        candidates = [pair for pair in candidates if photos["is_usable"](*pair)]
        best = min(candidates, key=lambda pair: (cost(pair), pair))
        expected.append(Pair(*best, cost(best)))
        for index in best:
            del left[index]
    assert pairs == expected


def test_pairs_of_equal_poses_are_taken_by_their_numbers_whatever_their_order():
    indices = np.array([9, 2, 7, 4, 1, 8])
    smiling = np.array([-1, -1, 1, 1, -1, 1])
    options = {"poses": np.zeros((6, 3), np.float32), "has_mouth": np.ones(6, bool), "count": 3}
    pairs = smiling_pairs(indices, smiling, is_usable=lambda target, source: True, **options)
    assert pairs == [Pair(1, 4, 0.0), Pair(2, 7, 0.0), Pair(9, 8, 0.0)]


def test_too_few_usable_pairs_are_an_error(photos):
    with pytest.raises(UserError, match=r"8 pairs .* only 0 leave every part of the face in view"):
        smiling_pairs(**{**photos, "is_usable": lambda target, source: False}, count=8)


def test_fewer_pairs_than_asked_are_an_error(photos):
    with pytest.raises(UserError, match=r"300 pairs .* \d+ don't smile and \d+ do; ask for fewer"):
        smiling_pairs(**photos, count=300)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("smiling", np.zeros(COUNT, int), "no attributes"), ("poses", np.full((COUNT, 3), np.nan), "no poses")],
)
def test_data_without_the_annotation_is_an_error(photos, field, value, message):
    with pytest.raises(UserError, match=f"the data set has {message}"):
        smiling_pairs(**{**photos, field: value}, count=3)


def test_styles_are_copied_between_other_photos_and_every_photo_gives_its_style_once():
    indices = np.arange(50) * 3
    pairs = style_pairs(indices, 30, seed=0)
    assert len({pair.target for pair in pairs}) == 30
    assert {pair.target for pair in pairs} == {pair.source for pair in pairs} <= set(indices.tolist())
    assert all(pair.target != pair.source for pair in pairs)
    assert pairs == style_pairs(indices, 30, seed=0) != style_pairs(indices, 30, seed=1)


@pytest.mark.parametrize("count", [1, 51])
def test_a_number_of_style_pairs_that_can_not_be_drawn_is_an_error(count):
    with pytest.raises(UserError, match=f"{count} pairs for the copy of styles: ask for 2 to 50"):
        style_pairs(np.arange(50), count, seed=0)


def test_the_mouth_is_pasted_at_the_same_pixels_under_the_hair():
    skin, nose, glasses, mouth, upper, hair = map(CLASSES.index, ("skin", "nose", "eye_g", "mouth", "u_lip", "hair"))
    target = np.array([[hair, skin, upper, skin], [mouth, nose, glasses, 0]], np.uint8)
    source = np.array([[mouth, mouth, skin, hair], [skin, upper, mouth, mouth]], np.uint8)
    expected = np.array([[hair, mouth, skin, skin], [skin, upper, mouth, mouth]], np.uint8)
    np.testing.assert_array_equal(paste_mouth(target, source), expected)


def test_an_edit_that_covers_a_part_leaves_no_face():
    skin, nose, mouth, upper = map(CLASSES.index, ("skin", "nose", "mouth", "u_lip"))
    target = np.array([[skin, nose, upper]], np.uint8)
    assert leaves_a_face(target, np.array([[skin, nose, mouth]], np.uint8))
    assert not leaves_a_face(target, np.array([[skin, mouth, mouth]], np.uint8))
    assert not leaves_a_face(target, np.array([[skin, nose, skin]], np.uint8))


def test_written_pairs_are_read_again(tmp_path):
    pairs = [Pair(3, 14, 1.25), Pair(15, 9, 0.1)]
    write_pairs(pairs, tmp_path / "pairs.tsv")
    assert (tmp_path / "pairs.tsv").read_text() == "target\tsource\tcost\n3\t14\t1.25\n15\t9\t0.1\n"
    assert read_pairs(tmp_path / "pairs.tsv") == pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target\tsource\tcost\n3\tx\t1\n", r"pairs\.tsv:2: expected target"),
        ("a\tb\n", "holds no pairs"),
        ("", "holds"),
    ],
)
def test_a_damaged_file_of_pairs_is_refused(tmp_path, text, message):
    (tmp_path / "pairs.tsv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_pairs(tmp_path / "pairs.tsv")
