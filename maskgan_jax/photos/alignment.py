"""Cuts a face out of a photo as CelebA-HQ cuts it, and puts an edited cut back in its place.

Karras et al. 2018, "Progressive Growing of GANs", appendix C. Points are in px of the photo, measured from its top left
corner: the middle of its first pixel is (0.5, 0.5).
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from maskgan_jax.photos.compositing import blend
from maskgan_jax.photos.face_detection import Face, Point

FEATHER = 0.06
"""Width of the border over which a pasted crop fades into the photo, in sides of the crop."""
BLUR = 0.02
"""Standard deviation of the blur of what the photo doesn't show, in sides of the crop (as FFHQ has it)."""
FULL_BLUR = 0.06
"""Distance from the photo's border at which that blur is complete, in sides of the crop."""


class Alignment(NamedTuple):
    """An oriented square in a photo, in px of the photo.

    Attributes:
      centre: (x, y) of its middle.
      axis: unit vector (x, y) along its upper edge, from left to right.
      side: length of its edges.
    """

    centre: Point
    axis: Point
    side: float


def align(face: Face) -> Alignment:
    """The square that CelebA-HQ has around a face: level with the eyes and the mouth, four distances of the eyes wide.

    Karras et al. 2018, appendix C, which goes from the eyes e0, e1 and the middle between the mouth's corners.
    """
    e0, e1, mouth = (np.array(point) for point in (face.left_eye, face.right_eye, face.mouth))
    across, up = e1 - e0, (e0 + e1) / 2 - mouth
    axis = across + np.array([-up[1], up[0]])  # up, turned to the right; y points down
    axis /= np.hypot(*axis)
    side = max(4.0 * np.hypot(*across), 3.6 * np.hypot(*up))
    centre = (e0 + e1) / 2 - 0.1 * up
    return Alignment(tuple(centre.tolist()), tuple(axis.tolist()), float(side))


def no_alignment(photo: UInt8[np.ndarray, "h w 3"]) -> Alignment:
    """The largest square in the middle of a photo: all of it where it is square."""
    height, width = photo.shape[:2]
    side = min(height, width)
    # Whole pixels, so that a crop of the same size is the photo's own pixels.
    return Alignment(((width - side) // 2 + side / 2, (height - side) // 2 + side / 2), (1.0, 0.0), float(side))


def crop(photo: UInt8[np.ndarray, "h w 3"], alignment: Alignment, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """The aligned square at `size` px, antialiased.

    What lies outside the photo is its mirror image, blurred more with the distance from the border.

    Args:
      photo: the whole photo.
      alignment: the square; its centre lies in the photo.
      size: height and width of the result.
    """
    window, origin = _window(photo, alignment)
    fine = size * max(1, math.ceil(alignment.side / size))  # a pixel of the photo at a time, then scaled down
    drawn = _warp(window, _from_crop(alignment, fine, origin), (fine, fine), cv2.BORDER_REFLECT)
    pixels = _shrink(drawn, size)
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
    region: Float[np.ndarray, "size size"] | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """The photo with an edited crop in the place it was cut from.

    The crop fades out towards its edges, except those that the photo doesn't show. What it doesn't reach is the photo's
    own pixels, bit for bit.

    Args:
      photo: the whole photo.
      edited: what `crop` gave, edited.
      alignment: where it was cut from; its centre lies in the photo.
      region: weight of the edit at each pixel of the crop, 0 (the photo) to 1 (the edit); None is 1 everywhere.
    """
    # What has more pixels than its place in the photo is scaled down first: drawing alone would alias.
    size = min(len(edited), max(1, round(alignment.side)))
    window, origin = _window(photo, alignment)
    height, width = window.shape[:2]
    to_crop = cv2.invertAffineTransform(_from_crop(alignment, size, origin))
    drawn = _warp(_shrink(edited, size), to_crop, (width, height), cv2.BORDER_REPLICATE)
    weight = _feather(photo.shape[:2], alignment, to_crop, (width, height), size)
    if region is not None:
        small = cv2.resize(region.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        weight *= cv2.warpAffine(
            small, _between_middles(to_crop), (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
    left, top = origin
    result = photo.copy()
    result[top : top + height, left : left + width] = blend(window, drawn, weight)
    return result


def _window(
    photo: UInt8[np.ndarray, "h w 3"], alignment: Alignment
) -> tuple[UInt8[np.ndarray, "height width 3"], tuple[int, int]]:
    """The part of a photo around the square, and its left top corner; OpenCV draws from 32766 px a side at most."""
    height, width = photo.shape[:2]
    x, y = alignment.centre
    reach = alignment.side * sum(map(abs, alignment.axis)) / 2 + 8  # 8: what interpolation needs beyond the square
    left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
    return photo[top : min(height, math.ceil(y + reach)), left : min(width, math.ceil(x + reach))], (left, top)


def _from_crop(alignment: Alignment, size: int, origin: tuple[int, int]) -> Float[np.ndarray, "2 3"]:
    """The affine map from points of the crop at `size` px to points of the photo's window at `origin`."""
    x, y = alignment.axis
    linear = np.array([[x, -y], [y, x]]) * alignment.side / size
    return np.c_[linear, np.array(alignment.centre) - origin - linear @ (size / 2, size / 2)]


def _between_middles(affine: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"]:
    """The same map as OpenCV counts, from the middle of the first pixel."""
    linear = affine[:, :2]
    return np.c_[linear, affine[:, 2] + linear @ (0.5, 0.5) - 0.5]


def _warp(
    picture: UInt8[np.ndarray, "h w 3"], to_picture: Float[np.ndarray, "2 3"], size: tuple[int, int], border: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Draws (width, height) px, each from the point of the picture that the map gives."""
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, _between_middles(to_picture), size, flags=flags, borderMode=border)


def _shrink(picture: UInt8[np.ndarray, "s s 3"], size: int) -> UInt8[np.ndarray, "size size 3"]:
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS))


def _distance_outside(
    shape: tuple[int, int], from_crop: Float[np.ndarray, "2 3"], size: int
) -> Float[np.ndarray, "size size"]:
    """How far the point of each pixel of the crop lies outside the photo, in px of the photo; 0 inside."""
    height, width = shape
    x, y = _points(from_crop, (size, size))
    return np.maximum.reduce([-x, x - width, -y, y - height, np.zeros_like(x)])


def _feather(
    shape: tuple[int, int], alignment: Alignment, to_crop: Float[np.ndarray, "2 3"], extent: tuple[int, int], size: int
) -> Float[np.ndarray, "height width"]:
    """The weight of the edit at each pixel of the window: 1 inside the square, 0 from its edges on.

    An edge that the photo doesn't show leaves no seam: towards it nothing fades. With the square's centre in the photo,
    nothing of the photo lies beyond such an edge.
    """
    height, width = shape
    x, y = _points(to_crop, extent)
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


def _points(affine: Float[np.ndarray, "2 3"], extent: tuple[int, int]) -> Float[np.ndarray, "2 height width"]:
    """Coordinates x and y of the points that an affine map makes of the middles of (width, height) pixels."""
    x, y = np.arange(extent[0]) + 0.5, (np.arange(extent[1]) + 0.5)[:, None]
    return np.stack([row[0] * x + row[1] * y + row[2] for row in affine])
