"""Label maps: merging of parts, left-right pairs, colours."""

import numpy as np
import pytest

from data_pipeline import labels

SKIN, NOSE, L_EYE, R_EYE, HAIR = 1, 2, 4, 5, 13


def test_later_parts_cover_earlier_ones():
    skin = np.array([[1, 1, 1, 0]])
    nose = np.array([[0, 255, 0, 0]])
    hair = np.array([[0, 0, 7, 7]])

    # Whatever the order of the mapping: hair (13) covers nose (2), nose covers skin (1).
    merged = labels.merge_parts({"hair": hair, "nose": nose, "skin": skin}, (1, 4))

    np.testing.assert_array_equal(merged, [[SKIN, NOSE, HAIR, HAIR]])
    assert merged.dtype == np.uint8


def test_pixels_without_a_part_are_background():
    assert not labels.merge_parts({}, (2, 3)).any()


def test_an_unknown_part_is_named():
    with pytest.raises(KeyError, match="beard"):
        labels.merge_parts({"beard": np.ones((2, 2))}, (2, 2))


def test_a_flip_swaps_left_and_right():
    assert labels.MIRRORED[L_EYE] == R_EYE
    assert labels.MIRRORED[R_EYE] == L_EYE
    swapped = [labels.CLASSES[label] for label in range(19) if labels.MIRRORED[label] != label]
    assert swapped == ["l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"]


def test_a_flip_keeps_lips_and_jewellery():
    # l_lip is the lower lip and ear_r an earring: neither is a side.
    for name in ("u_lip", "l_lip", "ear_r", "neck_l"):
        label = labels.CLASSES.index(name)
        assert labels.MIRRORED[label] == label


def test_mirror_twice_is_identity():
    np.testing.assert_array_equal(labels.MIRRORED[labels.MIRRORED], np.arange(19))


def test_palette_is_the_published_one():
    # g_color.py of the published code: background, skin, hair and cloth.
    assert labels.PALETTE.shape == (19, 3)
    assert labels.PALETTE[[0, 1, 13, 18]].tolist() == [[0, 0, 0], [204, 0, 0], [0, 0, 204], [0, 204, 0]]
    assert len(np.unique(labels.PALETTE, axis=0)) == 19
