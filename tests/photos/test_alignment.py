"""Aligned crops, compared with images of known content and with the formula of Karras et al. 2018; and pasting back."""

import functools

import numpy as np
import pytest

from data_pipeline.synthetic_faces import face, render
from maskgan_jax.photos.alignment import FEATHER, Alignment, central_square, crop, face_square, paste
from maskgan_jax.photos.face_detection import Face, find_faces


def tilted(centre: tuple[float, float], degrees: float, side: float) -> Alignment:
    angle = np.radians(degrees)
    return Alignment(centre, (float(np.cos(angle)), float(np.sin(angle))), side)


def ramps(height: int, width: int) -> np.ndarray:
    """Return an image whose pixels encode their positions: red is a third of x, green is a third of y."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.round(np.stack([x / 3, y / 3, np.zeros_like(x)], axis=-1)).astype(np.uint8)


@functools.cache
def textured(size: int = 384) -> np.ndarray:
    original = face(0, 0)
    return render(original.geometry, original.style, size)[0]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


def place_in_crop(point: tuple[float, float], alignment: Alignment) -> np.ndarray:
    """Return the position (x, y) in the crop of a point of the photo, in sides of the crop."""
    offset = np.array(point) - alignment.centre
    x, y = alignment.axis
    return np.array([offset @ (x, y), offset @ (-y, x)]) / alignment.side + 0.5


def test_the_square_of_an_upright_face_is_four_eye_distances_wide():
    # By hand: x' = (40, 0), y' = (0, -44); s = max(160, 158.4); c = (100, 80 + 4.4).
    alignment = face_square(Face((60, 50, 90, 90), (80, 80), (120, 80), (100, 124)))
    np.testing.assert_allclose(alignment.centre, (100, 84.4))
    np.testing.assert_allclose(alignment.axis, (1, 0), atol=1e-12)
    assert alignment.side == pytest.approx(160)


def test_the_square_of_a_long_face_follows_its_height():
    # y' = (0, -60): s = 3.6 * 60; the centre is 0.1 * 60 below the eyes.
    alignment = face_square(Face((60, 50, 90, 90), (80, 80), (120, 80), (100, 140)))
    assert alignment.side == pytest.approx(216)
    np.testing.assert_allclose(place_in_crop((100, 80), alignment), (0.5, 0.5 - 6 / 216))


def test_the_square_of_a_tilted_face_is_tilted_with_it():
    # The upright face above, rotated by 15 degrees clockwise about the origin.
    cos, sin = np.cos(np.radians(15)), np.sin(np.radians(15))
    rotated = [(x * cos - y * sin, x * sin + y * cos) for x, y in ((80, 80), (120, 80), (100, 124), (100, 84.4))]
    alignment = face_square(Face((0, 0, 90, 90), *rotated[:3]))
    np.testing.assert_allclose(alignment.axis, (cos, sin))
    np.testing.assert_allclose(alignment.centre, rotated[3])


def test_eyes_are_in_the_crop_where_the_formula_puts_them():
    photo = np.zeros((200, 220, 3), np.uint8)
    photo[79:81, 79:81, 0] = photo[79:81, 119:121, 1] = 255  # red and green eyes, centred on (80, 80) and (120, 80)
    pixels = crop(photo, face_square(Face((60, 50, 90, 90), (80, 80), (120, 80), (100, 124))), 320).astype(float)
    # A square of four eye distances: the eyes are a quarter of the crop apart, 0.1 * 44 / 160 above its centre.
    centres = np.arange(320) + 0.5
    for channel, place in ((0, 0.375), (1, 0.625)):
        eye = pixels[..., channel] / pixels[..., channel].sum()
        assert eye.sum(0) @ centres == pytest.approx(320 * place, abs=0.5)
        assert eye.sum(1) @ centres == pytest.approx(320 * (0.5 - 4.4 / 160), abs=0.5)


def test_the_crop_is_rotated_and_scaled_as_the_square():
    alignment = tilted((300, 250), 20, 200)
    size = 50
    pixels = crop(ramps(500, 600), alignment, size)
    for row, column in ((0, 0), (0, 49), (25, 10), (49, 49)):
        # Karras et al.: a crop's point (u, v) is at c + s (u - 1/2) x + s (v - 1/2) y; y is x rotated clockwise.
        u, v = (column + 0.5) / size - 0.5, (row + 0.5) / size - 0.5
        x = 300 + 200 * (u * np.cos(np.radians(20)) - v * np.sin(np.radians(20)))
        y = 250 + 200 * (u * np.sin(np.radians(20)) + v * np.cos(np.radians(20)))
        np.testing.assert_allclose(pixels[row, column], [x / 3, y / 3, 0], atol=1)


def test_a_crop_at_whole_pixels_has_exactly_the_photos_pixels():
    photo = textured()
    alignment = Alignment((150.0, 200.0), (1.0, 0.0), 128.0)
    np.testing.assert_array_equal(crop(photo, alignment, 128), photo[136:264, 86:214])


@pytest.mark.parametrize("period", [2.0, 2.7, 5.0, 11.0])
def test_fine_stripes_become_grey_when_scaled_down_tenfold(period):
    # A pixel of the crop covers 10 px: stripes of up to 20 px can't be represented and would alias to moire patterns.
    y, x = np.mgrid[:1000, :1000]
    stripes = 127.5 + 127.5 * np.sin(2 * np.pi * (0.8 * x + 0.6 * y) / period)
    photo = np.repeat(np.round(stripes).astype(np.uint8)[..., None], 3, axis=2)
    pixels = crop(photo, tilted((500, 500), 6, 800), 80)
    assert np.abs(pixels[4:-4, 4:-4].astype(float) - 127.5).max() < 5


def test_outside_the_photo_the_crop_is_its_blurred_mirror_image():
    photo = np.zeros((200, 200, 3), np.uint8)
    photo[:, 100:] = 200
    photo[:, :20] = 80
    pixels = crop(photo, Alignment((0.0, 100.0), (1.0, 0.0), 400.0), 400)
    # The photo is the crop's right half from row 100 to 299, with its own pixels; column 200 + x mirrors to 199 - x.
    np.testing.assert_array_equal(pixels[100:300, 200:], photo)
    middle = pixels[200, :, 0].astype(int)
    assert (middle[195], middle[150], middle[10]) == (80, 0, 200)
    edge = middle[70:130]  # the mirror image of the step at column 100, blurred
    assert ((edge > 20) & (edge < 180)).sum() >= 8
    assert np.all(np.diff(edge) <= 0)


def test_a_face_in_the_corner_of_a_photo_is_cropped_and_pasted():
    photo = textured(256)[60:, 60:]
    (found,) = find_faces(photo)
    alignment = face_square(found)
    assert min(alignment.centre) < alignment.side / 2
    pixels = crop(photo, alignment, 64)
    assert pixels.shape == (64, 64, 3)
    assert pixels.std(axis=(0, 1)).min() > 10
    assert np.any(paste(photo, 255 - pixels, alignment) != photo)


@pytest.mark.parametrize("degrees", [0.0, 11.5])
def test_an_unedited_crop_pasted_back_leaves_the_photo_as_it_was(degrees):
    photo = textured()
    alignment = tilted((190.3, 200.8), degrees, 230.0)
    pasted = paste(photo, crop(photo, alignment, 230), alignment)
    reached = paste(np.zeros_like(photo), np.full((230, 230, 3), 255, np.uint8), alignment)[..., 0]
    assert psnr(pasted[reached == 255], photo[reached == 255]) > 40
    assert np.any(reached == 0)
    np.testing.assert_array_equal(pasted[reached == 0], photo[reached == 0])


@pytest.mark.parametrize("size", [64, 230, 512])
def test_a_pasted_edit_fills_its_square_and_nothing_else(size):
    photo = textured()
    alignment = tilted((190.3, 200.8), 11.5, 230.0)
    pasted = paste(photo, np.full((size, size, 3), 255, np.uint8), alignment)
    y, x = np.mgrid[:384, :384] + 0.5
    offset = np.stack([x - 190.3, y - 200.8], axis=-1)
    cos, sin = alignment.axis
    to_edge = 0.5 - np.abs(offset @ np.array([[cos, -sin], [sin, cos]])).max(-1) / 230  # in sides of the square
    np.testing.assert_array_equal(pasted[to_edge < 0], photo[to_edge < 0])
    pixel_of_the_edit = 1 / min(size, 230)
    np.testing.assert_array_equal(pasted[to_edge > FEATHER + 2 * pixel_of_the_edit], 255)
    between = (to_edge > 0.3 * FEATHER) & (to_edge < 0.7 * FEATHER)
    assert np.all(pasted[between] >= photo[between])
    whole = photo[between].astype(float)
    assert 0.2 < ((pasted[between] - whole) / (255 - whole + 1e-6)).mean() < 0.8


def test_a_pasted_edit_is_weighted_by_its_region():
    photo = textured()
    region = np.zeros((100, 100), np.float32)
    region[30:70, 40:60] = 1
    region[30:70, 60:70] = 0.5
    alignment = Alignment((200.0, 150.0), (1.0, 0.0), 100.0)
    pasted = paste(photo, np.full((100, 100, 3), 255, np.uint8), alignment, region)
    expected = photo.astype(float)
    expected[130:170, 190:210] = 255
    expected[130:170, 210:220] = (photo[130:170, 210:220] + 255.0) / 2
    np.testing.assert_allclose(pasted, expected, atol=0.5)
    outside = np.ones((384, 384), bool)
    outside[130:170, 190:220] = False
    np.testing.assert_array_equal(pasted[outside], photo[outside])


def test_the_central_square_of_a_wide_photo_is_its_middle():
    wide = ramps(100, 161)
    np.testing.assert_array_equal(crop(wide, central_square(wide), 100), wide[:, 30:130])
    assert paste(wide, crop(wide, central_square(wide), 100), central_square(wide)).tolist() == wide.tolist()


def test_a_pasted_edit_does_not_fade_at_the_edges_of_the_photo():
    square = textured(64)
    np.testing.assert_array_equal(paste(square, 255 - square, central_square(square)), 255 - square)
    wide = ramps(100, 161)
    pasted = paste(wide, np.full((100, 100, 3), 255, np.uint8), central_square(wide))
    np.testing.assert_array_equal(pasted[:, 37:123], 255)  # 30 to 130, less 6 px of fading at the left and right
    assert np.all(pasted[:, 31:36].max(axis=(1, 2)) < 255)


@pytest.mark.parametrize("degrees", [-70, -20, 0, 33, 45])
@pytest.mark.parametrize("centre", [(5.0, 190.0), (8.0, 6.0), (380.0, 379.0), (192.0, 3.0)])
def test_squares_partly_outside_the_photo_change_nothing_outside_them(centre, degrees):
    photo = textured()
    alignment = tilted(centre, degrees, 150.0)
    pasted = paste(photo, np.full((150, 150, 3), 255, np.uint8), alignment)
    y, x = np.mgrid[:384, :384] + 0.5
    cos, sin = alignment.axis
    offset = np.stack([x - centre[0], y - centre[1]], axis=-1) @ np.array([[cos, -sin], [sin, cos]])
    outside = np.abs(offset).max(-1) > 75
    np.testing.assert_array_equal(pasted[outside], photo[outside])
    assert np.all(pasted[int(centre[1]), int(centre[0])] == 255)


def test_a_photo_wider_than_opencvs_limit_is_cropped_and_pasted():
    wide = np.zeros((64, 40000, 3), np.uint8)
    wide[:, 39000:] = 170
    alignment = Alignment((39500.0, 32.0), (1.0, 0.0), 60.0)
    np.testing.assert_array_equal(crop(wide, alignment, 60), 170)
    assert paste(wide, np.full((60, 60, 3), 10, np.uint8), alignment)[32, 39500].tolist() == [10, 10, 10]
