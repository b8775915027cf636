"""Photos aligned as ArcFace's networks expect them, by five points that the face's label map gives.

Points are as in `affine`, in px of the photo.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.labels import CLASSES
from maskgan_jax.photos.affine import fit_similarity, inverse
from maskgan_jax.photos.alignment import Alignment

SIZE = 112
"""Height and width of an aligned crop in px."""
POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
) + 0.5  # fmt: skip
"""Where the crop has the eye at the viewer's left, the other eye, the tip of the nose, and the mouth's corners, the one
at the viewer's left first: insightface's `arcface_dst` (`face_align.py`), which OpenCV measures from the centre of the
first pixel."""
MOUTH = ("mouth", "u_lip", "l_lip")


def five_points(mask: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "5 2"]:
    """Return the points of `POINTS` in the label map of an upright face; NaN where it does not show them (own choice).

    An eye is the centre of its label; `l_eye` is the person's left one. The label of the nose reaches up to the eyes,
    and the tip is taken as the centre of its lower half. The mouth's corners are the centres of the leftmost and of the
    rightmost column of mouth and lips.
    """
    eyes = [_centre(_pixels(mask, (name,))) for name in ("r_eye", "l_eye")]
    nose, mouth = _pixels(mask, ("nose",)), _pixels(mask, MOUTH)
    tip = _centre(nose[2 * nose[:, 1] >= sum(_ends(nose[:, 1]))])
    corners = [_centre(mouth[mouth[:, 0] == end]) for end in _ends(mouth[:, 0])]
    return np.stack([*eyes, tip, *corners])


def arcface_square(mask: UInt8[np.ndarray, "h w"]) -> Alignment | None:
    """Return the square of a photo to crop at `SIZE` px, from the photo's label map.

    The face's points are mapped as near to `POINTS` as a similarity can, as insightface does.

    Returns:
      None if the label map shows fewer than two of the points, all at one place, or at such places that the square's
      centre is outside or its side more than twice the photo's.
    """
    points = five_points(mask)
    shown = np.isfinite(points).all(1)
    if not shown.any() or np.ptp(points[shown], axis=0).max() < 1:
        return None
    to_photo = inverse(fit_similarity(points[shown], POINTS[shown]))
    centre, axis = to_photo @ (SIZE / 2, SIZE / 2, 1), to_photo[:, 0]
    scale = float(np.hypot(*axis))
    inside = (centre >= 0).all() and (centre <= mask.shape[::-1]).all()
    if not inside or not 0 < SIZE * scale <= 2 * max(mask.shape):
        return None
    return Alignment(tuple(centre.tolist()), tuple((axis / scale).tolist()), SIZE * scale)


def _pixels(mask: UInt8[np.ndarray, "h w"], names: Sequence[str]) -> Float[np.ndarray, "n 2"]:
    """Return the centres (x, y) of the pixels with the labels of some classes."""
    return np.argwhere(np.isin(mask, [CLASSES.index(name) for name in names]))[:, ::-1] + 0.5


def _ends(values: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Return the least and the greatest value, 0 and 0 of none."""
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def _centre(pixels: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2"]:
    """Return the mean of some pixels' centres, NaN of none."""
    return pixels.mean(0) if len(pixels) else np.full(2, np.nan)
