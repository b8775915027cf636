"""Alignment to ArcFace's five points, by label maps in which they are known."""

import numpy as np
import pytest

from data_pipeline.labels import CLASSES
from maskgan_jax.photos.affine import similarity
from maskgan_jax.photos.alignment import crop
from maskgan_jax.photos.arcface import POINTS, SIZE, arcface_square, five_points

PARTS = ("r_eye", "l_eye", "nose", "u_lip")
TO_PHOTO = similarity((SIZE / 2, SIZE / 2), (250.0, 260.0), (np.cos(0.1), np.sin(0.1)), 3.0)
"""From a crop into a photo: three times as large and rotated by 6 degrees."""


def draw(image: np.ndarray, value: str | int, box: tuple[float, float, float, float]) -> None:
    """Fill a box: left, top, right, bottom; with a class, if `value` is a name."""
    left, top, right, bottom = (round(end) for end in box)
    image[top:bottom, left:right] = CLASSES.index(value) if isinstance(value, str) else value


def mask_at(points: np.ndarray, parts: tuple[str, ...] = PARTS) -> np.ndarray:
    """Return a label map of 512 px with eyes, the lower half of a nose and a mouth's ends at five points."""
    mask = np.full((512, 512), CLASSES.index("skin"), np.uint8)
    for name, (x, y) in zip(("r_eye", "l_eye", "nose"), points, strict=False):
        if name in parts:
            draw(mask, name, (x - 8, y - (24 if name == "nose" else 8), x + 8, y + 8))
    if "u_lip" in parts:
        left, right = points[3:]
        for x, y in np.linspace(left, right, 300):
            draw(mask, "u_lip", (x, y - 4, x + 1, y + 4))
    return mask


def in_photo(points: np.ndarray) -> np.ndarray:
    return np.c_[points, np.ones(len(points))] @ TO_PHOTO.T


def test_the_points_are_found_where_the_label_map_has_them():
    expected = in_photo(POINTS)
    np.testing.assert_allclose(five_points(mask_at(expected)), expected, atol=1)


def test_left_and_right_are_the_persons_own():
    mask = np.zeros((64, 64), np.uint8)
    draw(mask, "l_eye", (40, 20, 50, 24))
    draw(mask, "r_eye", (14, 20, 24, 24))
    np.testing.assert_allclose(five_points(mask)[:2], [[19, 22], [45, 22]])


@pytest.mark.parametrize("parts", [PARTS, ("r_eye", "l_eye"), ("nose", "u_lip"), ("u_lip",)], ids=",".join)
def test_a_face_at_the_points_gets_the_square_that_they_were_taken_from(parts):
    square = arcface_square(mask_at(in_photo(POINTS), parts))
    assert square.side == pytest.approx(3 * SIZE, rel=0.02)
    np.testing.assert_allclose(square.axis, (np.cos(0.1), np.sin(0.1)), atol=0.02)
    np.testing.assert_allclose(square.centre, (250, 260), atol=3)


def test_in_the_crop_the_points_are_those_of_arcface():
    photo = np.zeros((512, 512, 3), np.uint8)
    points = in_photo(POINTS)
    for x, y in points:
        draw(photo, 255, (x - 3, y - 3, x + 3, y + 3))

    pixels = crop(photo, arcface_square(mask_at(points)), SIZE).astype(float)[..., 0]

    rows, columns = np.indices(pixels.shape) + 0.5
    for x, y in POINTS:
        weight = pixels * (np.hypot(columns - x, rows - y) < 4)
        found = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
        np.testing.assert_allclose(found, (x, y), atol=0.5)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"nose": (10, 10, 20, 20)},
        {"u_lip": (10, 10, 11, 20)},
        {"nose": (0, 55, 2, 57), "r_eye": (0, 62, 3, 64)},
    ],
    ids=["nothing", "a nose", "a mouth without width", "a face that would be outside"],
)
def test_without_two_points_that_make_a_face_there_is_no_square(parts):
    mask = np.zeros((64, 64), np.uint8)
    for name, box in parts.items():
        draw(mask, name, box)
    assert arcface_square(mask) is None
