"""Transfer of parts between masks: their position, the labels of uncovered pixels, errors."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.editing.parts import PART_GROUPS

SIZE = 128
MOUTH = [CLASSES.index(name) for name in ("mouth", "u_lip", "l_lip")]
GLASSES, SKIN, HAIR = (CLASSES.index(name) for name in ("eye_g", "skin", "hair"))


def mask_of(index: int, edit=lambda geometry: geometry) -> np.ndarray:
    original = face(0, index)
    return render(edit(original.geometry), original.style, SIZE)[1]


def with_label(label: int, present: bool) -> np.ndarray:
    """Return the first synthetic mask with a class, or without it."""
    return next(mask for mask in map(mask_of, range(200)) if (mask == label).any() == present)


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Return the intersection over union of two regions."""
    return (a & b).sum() / (a | b).sum()


def test_a_transfer_from_a_mask_to_itself_changes_nothing():
    mask = mask_of(0)
    np.testing.assert_array_equal(transfer_parts(mask, mask, ["smile", "eyes", "nose"]), mask)


@pytest.mark.parametrize("index", range(4))
def test_a_mouth_is_transferred_from_a_larger_face_elsewhere_in_its_mask(index):
    """The truth: the renderer's mask of the same face with its mouth open."""
    mask, opened = mask_of(index), mask_of(index, EDITS["open_mouth"])
    elsewhere = np.zeros((3 * SIZE, 3 * SIZE), np.uint8)
    elsewhere[40 : 40 + 2 * SIZE, 70 : 70 + 2 * SIZE] = opened.repeat(2, axis=0).repeat(2, axis=1)

    edited = transfer_parts(mask, elsewhere, ["smile"])

    assert agreement(np.isin(edited, MOUTH), np.isin(opened, MOUTH)) > 0.7
    assert agreement(np.isin(edited, MOUTH), np.isin(opened, MOUTH)) > agreement(
        np.isin(mask, MOUTH), np.isin(opened, MOUTH)
    )
    far = ~np.isin(mask, MOUTH) & ~np.isin(edited, MOUTH)
    np.testing.assert_array_equal(edited[far], mask[far])


def test_a_part_of_a_rotated_face_is_rotated_back():
    mask = with_label(CLASSES.index("mouth"), present=True)
    edited = transfer_parts(mask, np.rot90(mask), ["smile"])
    assert agreement(np.isin(edited, MOUTH), np.isin(mask, MOUTH)) > 0.95


def test_glasses_are_put_on_the_eyes_of_a_face_without_glasses():
    mask, reference = with_label(GLASSES, present=False), with_label(GLASSES, present=True)

    edited = transfer_parts(mask, reference, ["glasses"])

    eyes = np.argwhere(np.isin(mask, [CLASSES.index("l_eye"), CLASSES.index("r_eye")]))
    distance = np.argwhere(edited == GLASSES).mean(0) - eyes.mean(0)
    assert np.abs(distance).max() < 0.06 * SIZE


def test_uncovered_pixels_take_the_label_around_them():
    mask = np.full((20, 20), SKIN, np.uint8)
    mask[5:15, 5:15] = MOUTH[1]
    mask[:, 0] = HAIR
    reference = np.full((20, 20), SKIN, np.uint8)
    reference[8:12, 8:12] = MOUTH[1]

    edited = transfer_parts(mask, reference, ["u_lip"])

    np.testing.assert_array_equal(np.unique(edited[:, 1:]), [SKIN, MOUTH[1]])
    assert (edited[:, 0] == HAIR).all()
    assert 0 < (edited == MOUTH[1]).sum() < 100


@pytest.mark.parametrize("swapped", [False, True])
def test_anchors_with_a_common_centre_do_not_scale_a_face_to_a_point(swapped):
    ring = np.full((31, 31), SKIN, np.uint8)
    eyes = [CLASSES.index("l_eye"), CLASSES.index("r_eye")]
    ring[10:21, 10:21], ring[13:18, 13:18] = eyes
    masks = (ring, mask_of(0)) if swapped else (mask_of(0), ring)
    reference = masks[1].copy()
    reference[-3:, :3] = HAIR
    assert (transfer_parts(masks[0], reference, ["hair"]) == HAIR).any()


def test_an_unknown_part_is_named():
    with pytest.raises(UserError, match="no such part: moustache; the parts are smile, eyes,"):
        transfer_parts(mask_of(0), mask_of(1), ["smile", "moustache"])


def test_a_part_that_the_reference_does_not_have_is_named():
    with pytest.raises(UserError, match="the reference mask has none of glasses; name parts that it has: skin, nose"):
        transfer_parts(mask_of(0), with_label(GLASSES, present=False), ["glasses"])


def test_masks_without_a_face_are_scaled_to_each_others_size():
    mask, reference = np.zeros((10, 10), np.uint8), np.zeros((20, 20), np.uint8)
    reference[4:8, 10:14] = HAIR
    expected = np.zeros((10, 10), np.uint8)
    expected[2:4, 5:7] = HAIR
    edited = transfer_parts(mask, reference, ["hair"])
    assert agreement(edited == HAIR, expected == HAIR) > 0.4


def test_a_group_is_made_of_classes():
    assert {name for group in PART_GROUPS.values() for name in group} <= set(CLASSES[1:])
