"""Aligned crops of faces as CelebA-HQ has them, and edited crops pasted back into their photos.

Karras et al. 2018, "Progressive Growing of GANs", appendix C. Points are as in `affine`, in px of the photo.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from maskgan_jax.photos.affine import Point, inverse, map_pixels, similarity, warp
from maskgan_jax.photos.compositing import blend
from maskgan_jax.photos.face_detection import Face
from maskgan_jax.photos.scaling import scale_photo

FEATHER = 0.06
"""Width of the border in which a pasted crop fades into the photo, in sides of the crop."""
BLUR = 0.02
"""Standard deviation of the blur of pixels outside the photo, in sides of the crop (as in FFHQ)."""
FULL_BLUR = 0.06
"""Distance from the photo's border at which that blur is complete, in sides of the crop."""
MARGIN = 8
"""Width in px of what interpolation reads around the pixels that it computes."""


class Alignment(NamedTuple):
    """An oriented square in a photo, in px of the photo.

    Attributes:
      centre: (x, y) of its centre.
      axis: unit vector (x, y) along its upper edge, from left to right.
      side: length of its edges.
    """

    centre: Point
    axis: Point
    side: float | int


def face_square(face: Face) -> Alignment:
    """Return CelebA-HQ's square around a face: level with eyes and mouth, four times as wide as the eyes are apart.

    Karras et al. 2018, appendix C, computed from the eyes e0, e1 and the middle between the mouth's corners.
    """
    e0, e1, mouth = (np.array(point) for point in (face.left_eye, face.right_eye, face.mouth))
    across, up = e1 - e0, (e0 + e1) / 2 - mouth
    axis = across + np.array([-up[1], up[0]])  # up, rotated to the right; y points down
    axis /= np.hypot(*axis)
    side = max(4.0 * np.hypot(*across), 3.6 * np.hypot(*up))
    centre = (e0 + e1) / 2 - 0.1 * up
    return Alignment(tuple(centre.tolist()), tuple(axis.tolist()), float(side))


def central_square(photo: UInt8[np.ndarray, "h w 3"]) -> Alignment:
    """Return the largest upright square in the middle of a photo: the whole of a square photo."""
    height, width = photo.shape[:2]
    side = min(height, width)
    # At whole pixels, so that a crop of the same size has exactly the photo's pixels.
    return Alignment(((width - side) // 2 + side / 2, (height - side) // 2 + side / 2), (1.0, 0.0), float(side))


def crop(photo: UInt8[np.ndarray, "h w 3"], alignment: Alignment, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """Return the aligned square at `size` px, antialiased.

    Outside the photo it shows the photo's mirror image, more blurred the farther from the border.

    Args:
      photo: the whole photo.
      alignment: the square; its centre is inside the photo.
      size: height and width of the result in px.
    """
    window, origin = _window(photo, alignment)
    fine = size * max(1, math.ceil(alignment.side / size))  # at least the photo's resolution, then scaled down
    sampled = warp(window, _from_crop(alignment, fine, origin), (fine, fine), cv2.INTER_LANCZOS4, cv2.BORDER_REFLECT)
    pixels = scale_photo(sampled, size)
    outside = _distance_outside(photo.shape[:2], _from_crop(alignment, size, (0, 0)), size)
    if not outside.any():
        return pixels
    blurred = cv2.GaussianBlur(pixels, (0, 0), BLUR * size)
    weight = np.clip(outside / (FULL_BLUR * alignment.side), 0, 1)
    return blend(pixels, blurred, weight)


def paste(
    photo: UInt8[np.ndarray, "h w 3"],
    edited: UInt8[np.ndarray, "size size 3"],
    alignment: Alignment,
    region: Float[np.ndarray, "m m"] | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the photo with an edited crop pasted into the square that it was cut from.

    The crop fades out towards its edges, except where an edge is outside the photo. Pixels outside the square are
    exactly the photo's.

    Args:
      photo: the whole photo.
      edited: the result of `crop`, edited, at any size.
      alignment: the square; its centre is inside the photo.
      region: weight of the edit in the crop, from 0 (the photo) to 1 (the edit), at any size; 1 everywhere if None.
    """
    # A crop of more pixels than its square in the photo is scaled down first: the warp alone would alias.
    size = min(len(edited), max(1, round(alignment.side)))
    window, origin = _window(photo, alignment)
    height, width = window.shape[:2]
    to_crop = inverse(_from_crop(alignment, size, origin))
    warped = warp(scale_photo(edited, size), to_crop, (width, height), cv2.INTER_LANCZOS4)
    weight = _edge_weight(photo.shape[:2], alignment, to_crop, (width, height), size)
    if region is not None:
        scaled = cv2.resize(region.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        weight *= warp(scaled, to_crop, (width, height))
    left, top = origin
    result = photo.copy()
    result[top : top + height, left : left + width] = blend(window, warped, weight)
    return result


def _window(
    photo: UInt8[np.ndarray, "h w 3"], alignment: Alignment
) -> tuple[UInt8[np.ndarray, "height width 3"], tuple[int, int]]:
    """Return the part of a photo around the square, and its top left corner; of any photo, `warp` takes this part."""
    height, width = photo.shape[:2]
    x, y = alignment.centre
    reach = alignment.side * sum(map(abs, alignment.axis)) / 2 + MARGIN
    left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
    return photo[top : min(height, math.ceil(y + reach)), left : min(width, math.ceil(x + reach))], (left, top)


def _from_crop(alignment: Alignment, size: int, origin: tuple[int, int]) -> Float[np.ndarray, "2 3"]:
    """Return the map from points of the crop at `size` px to points of the photo, measured from `origin`."""
    (x, y), (left, top) = alignment.centre, origin
    return similarity((size / 2, size / 2), (x - left, y - top), alignment.axis, alignment.side / size)


def _distance_outside(
    shape: tuple[int, int], from_crop: Float[np.ndarray, "2 3"], size: int
) -> Float[np.ndarray, "size size"]:
    """Return how far each pixel of the crop is outside a photo of `shape` (height, width), in px; 0 inside."""
    height, width = shape
    x, y = map_pixels(from_crop, (size, size))
    return np.maximum.reduce([-x, x - width, -y, y - height, np.zeros_like(x)])


def _edge_weight(
    shape: tuple[int, int], alignment: Alignment, to_crop: Float[np.ndarray, "2 3"], extent: tuple[int, int], size: int
) -> Float[np.ndarray, "height width"]:
    """Return the weight of a pasted crop at each pixel of the window: 1 inside the square, falling to 0 at its edges.

    Towards an edge outside the photo it does not fall, since no seam is visible there: with the square's centre in the
    photo, the photo has no pixels beyond such an edge.

    Args:
      shape: (height, width) of the whole photo.
      alignment: the square.
      to_crop: the map from points of the window to points of the crop.
      extent: (width, height) of the window.
      size: height and width of the crop in px.
    """
    height, width = shape
    x, y = map_pixels(to_crop, extent)
    corners = np.array([[0, 0, 1], [size, 0, 1], [size, size, 1], [0, size, 1]]) @ _from_crop(alignment, size, (0, 0)).T
    weight = np.ones(x.shape, np.float32)
    distances = (y, size - x, size - y, x)
    for distance, start, end in zip(distances, corners, np.roll(corners, -1, axis=0), strict=True):
        ends = np.stack([start, end])
        beyond = [*(ends <= 1e-6).all(0), *(ends >= np.array([width, height]) - 1e-6).all(0)]
        if not any(beyond):
            ramp = np.clip(distance / (FEATHER * size), 0, 1)
            weight *= ramp * ramp * (3 - 2 * ramp)
    return weight
