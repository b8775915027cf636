"""Blending of an edit into its photo: weights computed by hand, and pixels that stay exactly the photo's."""

import numpy as np

from maskgan_jax.photos.compositing import blend, feathered


def test_the_weight_falls_linearly_with_the_distance():
    region = np.zeros((1, 8), bool)
    region[0, 1] = True
    np.testing.assert_allclose(feathered(region, 4), [[0.75, 1, 0.75, 0.5, 0.25, 0, 0, 0]])


def test_without_a_feather_the_weight_is_the_region():
    region = np.eye(3, dtype=bool)
    np.testing.assert_array_equal(feathered(region, 0), np.eye(3))


def test_the_weight_of_an_empty_region_is_0():
    assert not feathered(np.zeros((4, 4), bool), 8).any()


def test_pixels_are_mixed_by_weight_and_rounded():
    photo, edited = np.full((1, 3, 3), 10, np.uint8), np.full((1, 3, 3), 251, np.uint8)
    np.testing.assert_array_equal(blend(photo, edited, np.array([[0, 0.25, 1]]))[0, :, 0], [10, 70, 251])


def test_where_the_weight_is_0_or_1_pixels_are_exactly_the_photos_or_the_edits():
    rng = np.random.default_rng(0)
    photo, edited = rng.integers(0, 256, (2, 64, 64, 3), np.uint8)
    region = np.zeros((64, 64), bool)
    region[20:30, 20:30] = True
    weight = feathered(region, 5)
    kept = weight == 0
    np.testing.assert_array_equal(blend(photo, edited, weight)[kept], photo[kept])
    np.testing.assert_array_equal(blend(photo, edited, weight)[region], edited[region])
