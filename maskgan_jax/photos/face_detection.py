"""Faces in photos, with their eyes and mouths, by the Haar cascades that OpenCV comes with.

Viola and Jones 2001, "Rapid object detection using a boosted cascade of simple features". Points are as in `affine`,
boxes are measured in the same way, both in px of the photo.
"""

import math
import threading
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.photos.affine import Point, similarity, warp

SEARCH_SIDE = 800
"""Photos are searched with their longer side scaled to this many px."""
SMALLEST_FACE = 40
"""Side of the smallest face searched for, in px of the scaled photo."""
ROLLS = (0.0, -15.0, 15.0)
"""Rotations at which a photo is searched, in degrees: the cascades find faces that are upright within about 10."""
MIN_NEIGHBOURS = 10
"""Detections of a face over all rotations, below which it is rejected: noise and gravel have 8 at most, most faces
more than 20."""
FACE_SIDE = 200
"""Eyes and mouth are searched for in the face scaled to this many px."""

EXPECTED_EYES = np.array([[0.31, 0.41], [0.69, 0.41]])
"""Mean position (x, y) of the eyes in a face's box, in sides of the box; measured on the synthetic faces, as are the
two constants below."""
EXPECTED_MOUTH = 1.1
"""Mean distance from the eyes down to the middle between the mouth's corners, in distances of the eyes."""
MOUTH_BOX_BELOW_CORNERS = 0.07
"""Mean distance from the mouth's corners down to the centre of the mouth cascade's box, in distances of the eyes."""


class Face(NamedTuple):
    """A face in a photo, in px of the photo.

    Attributes:
      box: left, top, width and height; square, and upright even where the head is tilted.
      left_eye: centre (x, y) of the eye at the viewer's left, the person's right eye.
      right_eye: centre of the eye at the viewer's right.
      mouth: the middle between the mouth's corners.
    """

    box: tuple[float, float, float, float]
    left_eye: Point
    right_eye: Point
    mouth: Point


class _Detection(NamedTuple):
    """A square of the scaled photo with a face in it.

    Attributes:
      centre: (x, y) in px.
      side: length of its edges in px.
      roll: rotation of the face in degrees.
      neighbours: how many overlapping windows the cascade accepted.
    """

    centre: Float[np.ndarray, "2"]
    side: float
    roll: float
    neighbours: int


_DETECTING = threading.Lock()
"""OpenCV's cascades keep the photo that they search: one thread at a time."""


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")


def find_faces(photo: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
    """Return the faces in a photo, largest first; heads may be tilted by about 20 degrees.

    Only faces of at least a twentieth of the photo's longer side are found. An eye that is not detected, or at an
    unlikely position, is put where the other eye, or else the face's box, makes it likely; an undetected mouth at its
    mean distance below the eyes.

    Args:
      photo: of any size.
    """
    with _DETECTING:
        return _find_faces(photo)


def _find_faces(photo: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
    scale = SEARCH_SIDE / max(photo.shape[:2])
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    shape = [max(1, round(length * scale)) for length in photo.shape[1::-1]]
    grey = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    detections = [detection for roll in ROLLS for detection in _search(grey, roll)]
    faces = [_locate_parts(grey, detection, scale) for detection in _distinct(detections)]
    return sorted(faces, key=lambda face: -face.box[2])


def choose_face(faces: Sequence[Face], index: int | None) -> Face:
    """Return the face to edit: number `index` of `find_faces`, or the only one if `index` is None.

    Raises:
      UserError: no face, several and no index, or no face of that number.
    """
    if not faces:
        raise UserError(
            "no face found; crop the photo to a square around the face and give --no-align, or give a photo in which "
            "the face is upright and at least a twentieth of the longer side"
        )
    places = ", ".join(
        f"{number} at column {left + width / 2:.0f}, row {top + height / 2:.0f} ({width:.0f} px)"
        for number, (left, top, width, height) in enumerate(face.box for face in faces)
    )
    if index is None and len(faces) > 1:
        raise UserError(f"{len(faces)} faces: {places}; choose one with --face=K")
    if index is not None and not 0 <= index < len(faces):
        raise UserError(f"--face={index}, but the faces are {places}; choose one of their numbers")
    return faces[index or 0]


def _search(grey: UInt8[np.ndarray, "h w"], roll: float) -> list[_Detection]:
    """Return the detections of faces that are upright in the image rotated back by `roll` degrees."""
    height, width = grey.shape
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    rotated = math.ceil(width * cos + height * abs(sin)), math.ceil(width * abs(sin) + height * cos)
    from_rotated = similarity((rotated[0] / 2, rotated[1] / 2), (width / 2, height / 2), (cos, sin), 1.0)
    boxes, neighbours = _cascade("frontalface_alt2").detectMultiScale2(
        warp(grey, from_rotated, rotated), scaleFactor=1.1, minNeighbors=2, minSize=(SMALLEST_FACE, SMALLEST_FACE)
    )
    return [
        _Detection(from_rotated @ (x + side / 2, y + side / 2, 1), float(side), roll, int(count))
        for (x, y, side, _), count in zip(boxes, neighbours, strict=True)
    ]


def _distinct(detections: Sequence[_Detection]) -> list[_Detection]:
    """Return one detection for each face: of those whose centres are inside one another, that of most neighbours.

    Neighbours are weighted by size, since a small detection inside a large one is seldom a face.
    """
    faces = []
    left = sorted(detections, key=lambda detection: -detection.neighbours * detection.side)
    while left:
        best = left[0]
        same = [d for d in left if math.dist(d.centre, best.centre) <= max(d.side, best.side) / 2]
        left = [d for d in left if math.dist(d.centre, best.centre) > max(d.side, best.side) / 2]
        if sum(detection.neighbours for detection in same) >= MIN_NEIGHBOURS:
            faces.append(best)
    return faces


def _locate_parts(grey: UInt8[np.ndarray, "h w"], detection: _Detection, scale: float) -> Face:
    """Return a detected face with its eyes and mouth.

    Args:
      grey: the scaled photo.
      detection: a face in it.
      scale: px of the scaled photo for one of the photo.
    """
    roll = math.radians(detection.roll)
    middle, axis = (FACE_SIDE / 2, FACE_SIDE / 2), (math.cos(roll), math.sin(roll))
    from_face = similarity(middle, tuple(detection.centre), axis, detection.side / FACE_SIDE)
    eyes = _find_eyes(warp(grey, from_face, (FACE_SIDE, FACE_SIDE))) * FACE_SIDE
    left_eye, right_eye = np.c_[eyes, [1, 1]] @ from_face.T
    mouth = _find_mouth(grey, left_eye, right_eye)
    left, top = detection.centre - detection.side / 2
    return Face(
        tuple(float(length / scale) for length in (left, top, detection.side, detection.side)),
        *(tuple((point / scale).tolist()) for point in (left_eye, right_eye, mouth)),
    )


def _find_eyes(face: UInt8[np.ndarray, "s s"]) -> Float[np.ndarray, "2 2"]:
    """Return the centres (x, y) of both eyes in an upright face, in sides of the face."""
    top, bottom, inner = 30, 130, 110
    strips = face[top:bottom, :inner], face[top:bottom, FACE_SIDE - inner :]
    corners = np.array([[0, top], [FACE_SIDE - inner, top]])
    shifts = []
    for strip, corner, expected in zip(strips, corners, EXPECTED_EYES, strict=True):
        eye = _best(("eye_tree_eyeglasses", "eye"), strip, smallest=(28, 28))
        shift = None if eye is None else (eye + corner) / FACE_SIDE - expected
        shifts.append(shift if shift is not None and np.abs(shift).max() < 0.12 else None)
    found = [shift for shift in shifts if shift is not None]
    other = found[0] if found else np.zeros(2)
    return EXPECTED_EYES + [other if shift is None else shift for shift in shifts]


def _find_mouth(
    grey: UInt8[np.ndarray, "h w"], left_eye: Float[np.ndarray, "2"], right_eye: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "2"]:
    """Return the middle (x, y) between the mouth's corners, in px of `grey`."""
    x, y = right_eye - left_eye
    distance = math.hypot(x, y)
    eyes_apart, width, height = 80, 140, 120
    # A strip parallel to the eyes, from half a distance of the eyes below them to two.
    from_strip = similarity(
        (width / 2, -eyes_apart / 2),
        tuple((left_eye + right_eye) / 2),
        (x / distance, y / distance),
        distance / eyes_apart,
    )
    mouth = _best(("smile",), warp(grey, from_strip, (width, height)), smallest=(48, 24))
    offset = EXPECTED_MOUTH if mouth is None else (mouth[1] / eyes_apart + 0.5 - MOUTH_BOX_BELOW_CORNERS)
    sideways = 0 if mouth is None else mouth[0] / eyes_apart - width / eyes_apart / 2
    if abs(sideways) > 0.25 or not 0.8 < offset < 1.5:
        sideways, offset = 0, EXPECTED_MOUTH
    return (left_eye + right_eye) / 2 + np.array([x, y]) * sideways + np.array([-y, x]) * offset


def _best(
    cascades: Sequence[str], image: UInt8[np.ndarray, "h w"], smallest: tuple[int, int]
) -> Float[np.ndarray, "2"] | None:
    """Return the centre (x, y) of the detection of most neighbours by the first cascade that has any, or None."""
    for name in cascades:
        boxes, neighbours = _cascade(name).detectMultiScale2(image, scaleFactor=1.05, minNeighbors=3, minSize=smallest)
        if len(boxes):
            x, y, width, height = boxes[np.argmax(neighbours)]
            return np.array([x + width / 2, y + height / 2])
    return None
