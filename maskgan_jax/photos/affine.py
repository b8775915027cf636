"""Affine maps between the points of two images, and images resampled through them.

A point is (x, y) in px, measured from the image's top left corner: the centre of the first pixel is (0.5, 0.5). OpenCV
measures from the centre of the first pixel instead; only this module converts between the two.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Point = tuple[float | int, float | int]


def similarity(source: Point, target: Point, axis: Point, scale: float | int) -> Float[np.ndarray, "2 3"]:
    """Return the map that rotates, scales and shifts.

    Args:
      source: a point.
      target: the point that it is mapped to.
      axis: unit vector (x, y) that the direction (1, 0) is rotated to.
      scale: factor of every length.
    """
    x, y = axis
    linear = scale * np.array([[x, -y], [y, x]])
    return np.c_[linear, np.asarray(target) - linear @ np.asarray(source)]


def fit_similarity(source: Float[np.ndarray, "n 2"], target: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2 3"]:
    """Return the map that rotates, scales and shifts points as near to others as possible, in least squares.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", without
    reflections.

    Args:
      source: two points or more, not all at one place.
      target: the points that they should be mapped to.
    """
    source_mean, target_mean = source.mean(0), target.mean(0)
    # With points as complex numbers, the best rotation and scale is one complex factor.
    a, b = ((points - mean) @ np.array([1, 1j]) for points, mean in ((source, source_mean), (target, target_mean)))
    factor = (a.conj() @ b) / (a.conj() @ a).real
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.c_[linear, target_mean - linear @ source_mean]


def inverse(affine: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"]:
    """Return the inverse of an affine map."""
    return cv2.invertAffineTransform(affine)


def map_pixels(affine: Float[np.ndarray, "2 3"], size: tuple[int, int]) -> Float[np.ndarray, "2 height width"]:
    """Return the coordinates x and y that the pixel centres of an image of `size` (width, height) are mapped to."""
    x, y = np.arange(size[0]) + 0.5, (np.arange(size[1]) + 0.5)[:, None]
    return np.stack([row[0] * x + row[1] * y + row[2] for row in affine])


def warp(
    image: UInt8[np.ndarray, "h w *channels"] | Float[np.ndarray, "h w"],
    to_image: Float[np.ndarray, "2 3"],
    size: tuple[int, int],
    interpolation: int = cv2.INTER_LINEAR,
    border: int = cv2.BORDER_REPLICATE,
) -> UInt8[np.ndarray, "height width *channels"] | Float[np.ndarray, "height width"]:
    """Resample an image through an affine map; no antialiasing.

    Args:
      image: uint8 or float32; less than 32767 px a side, OpenCV's limit.
      to_image: the map from points of the result to points of `image`.
      size: (width, height) of the result in px.
      interpolation: one of OpenCV's `INTER_` constants.
      border: one of OpenCV's `BORDER_` constants, for what lies outside the image.
    """
    linear = to_image[:, :2]
    between_centres = np.c_[linear, to_image[:, 2] + linear @ (0.5, 0.5) - 0.5]
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, between_centres, size, flags=flags, borderMode=border)
