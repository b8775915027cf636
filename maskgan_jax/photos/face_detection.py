"""Faces in photos, with their eyes and mouths, by the Haar cascades that OpenCV carries.

Viola and Jones 2001, "Rapid object detection using a boosted cascade of simple features". Points and boxes are in px of
the photo, measured from its top left corner: the middle of its first pixel is (0.5, 0.5).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.errors import UserError

Point = tuple[float, float]

SEARCH_SIDE = 800
"""Photos are searched with their longer side scaled to this many px."""
SMALLEST_FACE = 40
"""Side of the smallest face looked for, in px of the scaled photo."""
ROLLS = (0.0, -15.0, 15.0)
"""Turns of the photo that are searched, in degrees: the cascades know faces that are upright within about 10."""
VOTES = 10
"""Windows, of all turns together, that have to agree on a face: noise and gravel reach 8, most faces more than 20."""
FACE_SIDE = 200
"""Eyes and mouth are looked for in the face scaled to this many px."""

USUAL_EYES = np.array([[0.31, 0.41], [0.69, 0.41]])
"""Where eyes are in a face's box, in sides of the box; measured on the synthetic faces, as the two below."""
USUAL_MOUTH = 1.1
"""How far below the eyes the middle between the mouth's corners is, in distances of the eyes."""
MOUTH_BOX_BELOW_CORNERS = 0.07
"""How far the box of the mouth's cascade is centred below the mouth's corners, in distances of the eyes."""


class Face(NamedTuple):
    """A face in a photo, in px of the photo.

    Attributes:
      box: left, top, width and height; square, and upright even where the head is tilted.
      left_eye: centre (x, y) of the eye on the viewer's left, the person's right eye.
      right_eye: centre of the eye on the viewer's right.
      mouth: the middle between the mouth's corners.
    """

    box: tuple[float, float, float, float]
    left_eye: Point
    right_eye: Point
    mouth: Point


class _Window(NamedTuple):
    """A square of the scaled photo that shows a face: its centre, side and roll (degrees), and how many agree on it."""

    centre: Float[np.ndarray, "2"]
    side: float
    roll: float
    neighbours: int


def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")


_FACE, _MOUTH = _cascade("frontalface_alt2"), _cascade("smile")
_EYES = (_cascade("eye_tree_eyeglasses"), _cascade("eye"))


def find_faces(photo: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
    """The faces in a photo of any size, largest first; heads may be tilted by about 20 degrees.

    A face has to take up a twentieth of the photo's longer side. Where an eye isn't found, or in an unlikely place, it
    is put where the other eye or else the face's box makes it likely; a mouth at its usual distance below the eyes.
    """
    scale = SEARCH_SIDE / max(photo.shape[:2])
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    shape = [max(1, round(length * scale)) for length in photo.shape[1::-1]]
    grey = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    windows = [window for roll in ROLLS for window in _search(grey, roll)]
    faces = [_describe(grey, window, scale) for window in _distinct(windows)]
    return sorted(faces, key=lambda face: -face.box[2])


def choose_face(faces: Sequence[Face], index: int | None, photo_name: str) -> Face:
    """The face to edit: number `index` of `find_faces`, or the only one where `index` is None.

    Raises:
      UserError: no face, several and no index, or no face of that number.
    """
    if not faces:
        raise UserError(
            f"{photo_name}: no face found; crop the photo to a square around the face and give --no-align, "
            "or give a photo in which the face is upright and at least a twentieth of the longer side"
        )
    places = ", ".join(
        f"{number} at column {left + width / 2:.0f}, row {top + height / 2:.0f} ({width:.0f} px)"
        for number, (left, top, width, height) in enumerate(face.box for face in faces)
    )
    if index is None and len(faces) > 1:
        raise UserError(f"{photo_name}: {len(faces)} faces: {places}; choose one with --face=K")
    if index is not None and not 0 <= index < len(faces):
        raise UserError(f"{photo_name}: --face={index}, but the faces are {places}; choose one of their numbers")
    return faces[index or 0]


def _search(grey: UInt8[np.ndarray, "h w"], roll: float) -> list[_Window]:
    """Faces that are upright once the picture is turned back by `roll`."""
    height, width = grey.shape
    cos, sin = abs(math.cos(math.radians(roll))), abs(math.sin(math.radians(roll)))
    turned = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
    to_turned = _turn((width / 2, height / 2), roll, 1.0, (turned[0] / 2, turned[1] / 2))
    picture = _warp(grey, to_turned, turned)
    boxes, neighbours = _FACE.detectMultiScale2(
        picture, scaleFactor=1.1, minNeighbors=2, minSize=(SMALLEST_FACE, SMALLEST_FACE)
    )
    from_turned = cv2.invertAffineTransform(to_turned)
    return [
        _Window(from_turned @ (x + side / 2, y + side / 2, 1), float(side), roll, int(count))
        for (x, y, side, _), count in zip(boxes, neighbours, strict=True)
    ]


def _distinct(windows: Sequence[_Window]) -> list[_Window]:
    """One window a face: of those whose middles lie in one another, the one that most agree on.

    Large windows count for more, since what looks like a small face inside a face is none.
    """
    faces = []
    left = sorted(windows, key=lambda window: -window.neighbours * window.side)
    while left:
        best = left[0]
        same = [w for w in left if math.dist(w.centre, best.centre) <= max(w.side, best.side) / 2]
        left = [w for w in left if math.dist(w.centre, best.centre) > max(w.side, best.side) / 2]
        if sum(window.neighbours for window in same) >= VOTES:
            faces.append(best)
    return faces


def _describe(grey: UInt8[np.ndarray, "h w"], window: _Window, scale: float) -> Face:
    """Finds eyes and mouth in a window of the scaled photo."""
    zoom = FACE_SIDE / window.side
    to_face = _turn(window.centre, window.roll, zoom, (FACE_SIDE / 2, FACE_SIDE / 2))
    eyes = _find_eyes(_warp(grey, to_face, (FACE_SIDE, FACE_SIDE))) * FACE_SIDE
    left_eye, right_eye = np.c_[eyes, [1, 1]] @ cv2.invertAffineTransform(to_face).T
    mouth = _find_mouth(grey, left_eye, right_eye)
    left, top = window.centre - window.side / 2
    return Face(
        tuple(float(length / scale) for length in (left, top, window.side, window.side)),
        *(tuple((point / scale).tolist()) for point in (left_eye, right_eye, mouth)),
    )


def _find_eyes(face: UInt8[np.ndarray, "s s"]) -> Float[np.ndarray, "2 2"]:
    """Centres of both eyes in an upright face, in sides of the face."""
    top, bottom, inner = 30, 130, 110
    strips = face[top:bottom, :inner], face[top:bottom, FACE_SIDE - inner :]
    corners = np.array([[0, top], [FACE_SIDE - inner, top]])
    shifts = []
    for strip, corner, usual in zip(strips, corners, USUAL_EYES, strict=True):
        eye = _best(_EYES, strip, smallest=(28, 28))
        shift = None if eye is None else (eye + corner) / FACE_SIDE - usual
        shifts.append(shift if shift is not None and np.abs(shift).max() < 0.12 else None)
    found = [shift for shift in shifts if shift is not None]
    # An eye that isn't found is where the other one's place makes it likely.
    other = found[0] if found else np.zeros(2)
    return USUAL_EYES + [other if shift is None else shift for shift in shifts]


def _find_mouth(
    grey: UInt8[np.ndarray, "h w"], left_eye: Float[np.ndarray, "2"], right_eye: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "2"]:
    """The middle between the mouth's corners, in px of `grey`."""
    x, y = right_eye - left_eye
    eyes_apart, width, height = 80, 140, 120
    # A level strip from half a distance of the eyes below them to two.
    to_strip = _turn(
        (left_eye + right_eye) / 2,
        math.degrees(math.atan2(y, x)),
        eyes_apart / math.hypot(x, y),
        (width / 2, -eyes_apart / 2),
    )
    mouth = _best([_MOUTH], _warp(grey, to_strip, (width, height)), smallest=(48, 24))
    offset = USUAL_MOUTH if mouth is None else (mouth[1] / eyes_apart + 0.5 - MOUTH_BOX_BELOW_CORNERS)
    sideways = 0 if mouth is None else mouth[0] / eyes_apart - width / eyes_apart / 2
    if abs(sideways) > 0.25 or not 0.8 < offset < 1.5:
        sideways, offset = 0, USUAL_MOUTH
    return (left_eye + right_eye) / 2 + np.array([x, y]) * sideways + np.array([-y, x]) * offset


def _best(
    cascades: Sequence[cv2.CascadeClassifier], picture: UInt8[np.ndarray, "h w"], smallest: tuple[int, int]
) -> Float[np.ndarray, "2"] | None:
    """Centre of what most windows of the first cascade that finds anything agree on."""
    for cascade in cascades:
        boxes, neighbours = cascade.detectMultiScale2(picture, scaleFactor=1.05, minNeighbors=3, minSize=smallest)
        if len(boxes):
            x, y, width, height = boxes[np.argmax(neighbours)]
            return np.array([x + width / 2, y + height / 2])
    return None


def _turn(
    centre: Sequence[float] | Float[np.ndarray, "2"], roll: float, zoom: float, target: Point
) -> Float[np.ndarray, "2 3"]:
    """The affine map that takes `centre` to `target`, levels a tilt of `roll` degrees and enlarges `zoom` times."""
    cos, sin = zoom * math.cos(math.radians(roll)), zoom * math.sin(math.radians(roll))
    linear = np.array([[cos, sin], [-sin, cos]])
    return np.c_[linear, np.asarray(target) - linear @ np.asarray(centre)]


def _warp(
    picture: UInt8[np.ndarray, "h w"], affine: Float[np.ndarray, "2 3"], size: tuple[int, int]
) -> UInt8[np.ndarray, "height width"]:
    """Draws a picture through an affine map between points, on `size` (width, height) px."""
    middles = affine.copy()
    middles[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the middle of the first pixel
    return cv2.warpAffine(picture, middles, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
