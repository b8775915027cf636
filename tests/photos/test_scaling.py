"""Photos and label maps at other sizes."""

import numpy as np
import pytest

from maskgan_jax.photos.scaling import scale_mask, scale_photo


def random_mask(size: int) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 19, (size, size), np.uint8)


def test_a_mask_at_twice_its_size_repeats_its_labels():
    mask = random_mask(6)
    np.testing.assert_array_equal(scale_mask(mask, 12), mask.repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize(("old", "new"), [(7, 12), (13, 7), (5, 64), (63, 48)])
def test_a_mask_has_the_label_at_each_pixels_centre(old, new):
    mask = random_mask(old)
    places = np.floor((np.arange(new) + 0.5) * old / new).astype(int)
    np.testing.assert_array_equal(scale_mask(mask, new), mask[np.ix_(places, places)])


def test_a_photo_scaled_down_is_antialiased():
    checkerboard = (255 * (np.indices((64, 64)).sum(0) % 2)).astype(np.uint8)
    small = scale_photo(np.stack([checkerboard] * 3, axis=-1), 16)
    np.testing.assert_allclose(small.astype(float), 127.5, atol=2)
