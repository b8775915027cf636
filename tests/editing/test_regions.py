"""Regions around parts of two faces."""

import numpy as np
import pytest

from data_pipeline.boxed_parts import FACE
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf
from data_pipeline.labels import CLASSES
from data_pipeline.region_masks import box_of_face
from maskgan_jax.editing.regions import box_of, overlap, region_of_parts, touched

SIZE = 256
NOSE, LIP, SKIN = (CLASSES.index(name) for name in ("nose", "u_lip", "skin"))


def face(nose: tuple[int, int, int, int], lip: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """Return a label map with rectangles: top, left, bottom, right."""
    mask = np.full((SIZE, SIZE), SKIN, np.uint8)
    for label, box in ((NOSE, nose), (LIP, lip)):
        if box:
            mask[box[0] : box[2], box[1] : box[3]] = label
    return mask


def test_a_region_is_the_box_around_both_faces_part_with_a_tenth_or_8_px_at_256_around_it():
    own, other = face((100, 100, 140, 120)), face((90, 110, 200, 130))
    region = region_of_parts(own, other, ["nose"])
    expected = np.zeros((SIZE, SIZE), bool)
    expected[90 - 11 : 200 + 11, 100 - 8 : 130 + 8] = True
    np.testing.assert_array_equal(region, expected)


def test_a_part_that_the_photo_lacks_is_where_the_exemplar_shows_it_and_boxes_end_at_the_border():
    own, other = face((100, 100, 140, 120)), face((0, 0, 20, 20), (200, 50, 210, 100))
    region = region_of_parts(own, other, ["mouth"])
    assert region.sum() == (10 + 16) * (50 + 16)
    assert region_of_parts(own, other, ["nose", "mouth"])[0, 0]


def test_the_box_of_the_face_is_that_of_training():
    rng = np.random.default_rng(0)
    mask = np.zeros((64, 64), np.uint8)
    mask[10:50, 15:40] = rng.choice(FACE, (40, 25))
    np.testing.assert_array_equal(region_of_parts(mask, mask, ["face"]), box_of_face(tf.constant(mask)))


def test_overlap_is_intersection_over_union_of_the_boxes_alone():
    own, other = face((100, 100, 140, 120)), face((110, 100, 150, 120))
    assert overlap(own, other, "nose") == pytest.approx(30 / 50)
    assert overlap(own, other, "mouth") is None
    assert box_of(own, "nose") == (100, 100, 140, 120)


def test_no_pixel_of_a_region_is_lost_at_a_smaller_size():
    region = np.zeros((100, 100), bool)
    region[33, 71] = True
    np.testing.assert_array_equal(np.argwhere(touched(region, 30)), [[10, 21]])
    assert touched(region, 200).sum() == 4
    assert touched(np.ones((100, 100), bool), 30).all()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["mouth"], "--parts: the exemplar shows no mouth; take it from another photo"),
        (["chin"], "--parts: no part 'chin'; name some of mouth, eyes, brows, nose, hair, ears, face"),
        ([], "--parts: none is named; name some of mouth"),
    ],
)
def test_a_part_that_there_is_not_is_one_line(parts, message):
    with pytest.raises(UserError, match=message):
        region_of_parts(face((1, 1, 9, 9), (20, 20, 30, 30)), face((1, 1, 9, 9)), parts)
