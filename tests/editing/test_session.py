"""Photos opened for editing, and edited faces put back into them, as arrays."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import face, render
from maskgan_jax.editing.session import composite, edit_weight, open_photo, put_back
from maskgan_jax.photos.alignment import Alignment


def rendered(size: int) -> tuple[np.ndarray, np.ndarray]:
    original = face(0, 9)
    return render(original.geometry, original.style, size)


@pytest.fixture(scope="module")
def group() -> np.ndarray:
    """A photo of 900 x 500 px with a face of 384 px at its left and a smaller one at its right."""
    photo = np.full((500, 900, 3), 128, np.uint8)
    photo[100:484, 20:404] = rendered(384)[0]
    photo[60:316, 600:856] = rendered(256)[0]
    return photo


def test_a_photo_with_a_mask_is_the_face():
    photo, mask = rendered(64)
    subject = open_photo(photo, mask)
    np.testing.assert_array_equal(subject.face, photo)
    np.testing.assert_array_equal(subject.mask, mask)


@pytest.mark.parametrize("ratio", [2, 3])
def test_a_smaller_mask_is_scaled_by_repeating_its_labels(ratio):
    photo, mask = rendered(96)[0], rendered(96)[1][::ratio, ::ratio]
    np.testing.assert_array_equal(open_photo(photo, mask).mask, mask.repeat(ratio, axis=0).repeat(ratio, axis=1))


def test_a_larger_mask_is_scaled_down_by_nearest_neighbour():
    photo, mask = rendered(32)[0], rendered(96)[1]
    np.testing.assert_array_equal(open_photo(photo, mask).mask, mask[1::3, 1::3])


@pytest.mark.parametrize("sizes", [(96, 64), (64, 80), (96, 96)])
def test_a_mask_of_any_ratio_has_the_photos_size_and_only_its_own_labels(sizes):
    photo, mask = rendered(sizes[0])[0], rendered(sizes[1])[1]
    subject = open_photo(photo, mask)
    assert subject.mask.shape == photo.shape[:2]
    assert set(np.unique(subject.mask)) <= set(np.unique(mask))


def test_a_photo_without_a_mask_is_searched_for_its_face(group):
    subject = open_photo(group, face=1)
    (x, y), side = subject.alignment.centre, subject.alignment.side
    assert 600 < x - side / 4 < x + side / 4 < 856  # inside the smaller face
    assert 60 < y - side / 4 < y + side / 4 < 316
    assert subject.face.shape == (round(side), round(side), 3)
    assert subject.mask is None
    with pytest.raises(UserError, match=r"2 faces: 0 at column 2\d\d, .*; choose one with --face=K"):
        open_photo(group)


def test_a_photo_that_is_not_to_be_aligned_is_cut_to_its_middle(group):
    np.testing.assert_array_equal(open_photo(group, align=False).face, group[:, 200:700])


@pytest.mark.parametrize(
    ("photo", "mask", "message"),
    [
        (
            (64, 96),
            (64, 96),
            r"96x64 pixels; .* is a square around the face: python -m maskgan_jax.edit align",
        ),
        ((64, 96), (64, 64), "the photo has 96x64 pixels"),
        ((64, 64), (64, 96), "the mask has 96x64 pixels; give a square mask, of any size"),
    ],
)
def test_a_photo_or_a_mask_that_is_not_square_is_refused(photo, mask, message):
    with pytest.raises(UserError, match=message):
        open_photo(np.zeros((*photo, 3), np.uint8), np.zeros(mask, np.uint8))


def test_a_label_above_18_is_refused():
    with pytest.raises(UserError, match="label 19 is above 18"):
        open_photo(np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 19, np.uint8))


def test_an_edited_face_put_back_changes_only_its_square(group):
    subject = open_photo(group, align=False)
    edited = 255 - subject.face
    result = put_back(subject, edited)
    np.testing.assert_array_equal(result[:, :200], group[:, :200])
    np.testing.assert_array_equal(result[:, 700:], group[:, 700:])
    np.testing.assert_array_equal(result[:, 240:660], edited[:, 40:460])  # less the border in which it fades out


def test_without_a_weight_the_generated_face_is_returned_as_it_is():
    subject, generated = open_photo(*rendered(96)), np.full((32, 32, 3), 9, np.uint8)
    np.testing.assert_array_equal(composite(subject, generated), generated)


@pytest.mark.parametrize("paste_back", [False, True])
def test_with_a_weight_the_generated_face_is_blended_at_the_photos_size(paste_back):
    subject, generated = open_photo(*rendered(96)), np.full((32, 32, 3), 9, np.uint8)
    weight = np.zeros((96, 96))
    weight[10:20, 30:50] = 1
    weight[20:30, 30:50] = 0.5
    expected = subject.photo.astype(float)
    expected[10:20, 30:50] = 9
    expected[20:30, 30:50] = (expected[20:30, 30:50] + 9) / 2
    np.testing.assert_allclose(composite(subject, generated, weight, paste_back), expected, atol=0.5)


def test_a_weight_puts_an_edit_back_at_its_place_in_the_photo():
    photo = np.full((60, 100, 3), 50, np.uint8)
    subject = open_photo(photo, align=False)._replace(alignment=Alignment((70.0, 30.0), (1.0, 0.0), 40.0))
    weight = np.zeros((40, 40))
    weight[10:20, 10:20] = 1
    result = put_back(subject, np.full((40, 40, 3), 200, np.uint8), weight)
    expected = photo.copy()
    expected[20:30, 60:70] = 200
    np.testing.assert_array_equal(result, expected)


def test_the_weight_of_an_edit_is_1_where_masks_of_any_sizes_differ():
    mask, edited = np.zeros((8, 8), np.uint8), np.zeros((4, 4), np.uint8)
    edited[1, 2] = 5
    weight = edit_weight(mask, edited, size=16, feather=4)
    np.testing.assert_array_equal(np.argwhere(weight == 1).min(0), [4, 8])
    np.testing.assert_array_equal(np.argwhere(weight == 1).max(0), [7, 11])
    np.testing.assert_allclose(weight[5, 12:], [0.75, 0.5, 0.25, 0])
