"""Affine maps and resampling, with the centre of the first pixel at (0.5, 0.5)."""

import cv2
import numpy as np
from scipy import ndimage

from maskgan_jax.photos.affine import fit_similarity, inverse, map_pixels, similarity, warp


def test_a_similarity_maps_its_source_to_its_target_and_rotates_and_scales_the_rest():
    affine = similarity((1, 2), (10, 20), (0.6, 0.8), 5.0)
    # By hand: (1, 0) becomes 5 * (0.6, 0.8), (0, 1) becomes 5 * (-0.8, 0.6).
    np.testing.assert_allclose(affine @ (1, 2, 1), (10, 20))
    np.testing.assert_allclose(affine @ (2, 2, 1), (13, 24))
    np.testing.assert_allclose(affine @ (1, 3, 1), (6, 23))


def test_points_that_a_similarity_maps_give_that_similarity():
    affine = similarity((1, 2), (10, 20), (0.6, 0.8), 5.0)
    points = np.array([[0.0, 0], [7, 3], [2, 9]])
    np.testing.assert_allclose(fit_similarity(points, np.c_[points, np.ones(3)] @ affine.T), affine, atol=1e-12)


def test_points_that_no_similarity_maps_are_fitted_in_least_squares():
    """Against NumPy's solution of the linear equations in the similarity's four numbers."""
    source, target = np.random.default_rng(0).normal(size=(2, 5, 2))
    x, y, one, zero = *source.T, np.ones(5), np.zeros(5)
    equations = np.concatenate([np.c_[x, -y, one, zero], np.c_[y, x, zero, one]])
    a, b, right, down = np.linalg.lstsq(equations, np.concatenate(target.T))[0]
    np.testing.assert_allclose(fit_similarity(source, target), [[a, -b, right], [b, a, down]])


def test_the_inverse_maps_back():
    affine = similarity((1, 2), (10, 20), (0.6, 0.8), 5.0)
    np.testing.assert_allclose(inverse(affine) @ (13, 24, 1), (2, 2))


def test_pixels_are_mapped_by_their_centres():
    x, y = map_pixels(np.array([[2.0, 0, 1], [0, 10, 0]]), (3, 2))
    np.testing.assert_allclose(x, [[2, 4, 6], [2, 4, 6]])
    np.testing.assert_allclose(y, [[5, 5, 5], [15, 15, 15]])


def test_an_image_enlarged_twice_by_nearest_neighbour_repeats_its_pixels():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    warped = warp(image, np.array([[0.5, 0, 0], [0, 0.5, 0]]), (10, 8), cv2.INTER_NEAREST)
    np.testing.assert_array_equal(warped, image.repeat(2, axis=0).repeat(2, axis=1))


def test_a_rotated_image_is_the_one_that_scipy_interpolates():
    image = ndimage.gaussian_filter(np.random.default_rng(0).random((40, 50)), 3).astype(np.float32)
    to_image = similarity((15, 10), (25, 20), (0.8, 0.6), 0.7)
    warped = warp(image, to_image, (30, 20))
    y, x = np.mgrid[:20, :30] + 0.5
    sources = np.einsum("ij,jhw->ihw", to_image, np.stack([x, y, np.ones_like(x)]))
    expected = ndimage.map_coordinates(image, sources[::-1] - 0.5, order=1, mode="nearest")
    np.testing.assert_allclose(warped, expected, atol=np.ptp(image) / 100)  # OpenCV rounds positions to 1/32 px
