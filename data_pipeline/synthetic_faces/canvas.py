"""The image while it is painted, and the projection of the head into it."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces.geometry import Pose
from data_pipeline.synthetic_faces.shapes import Field
from data_pipeline.synthetic_faces.style import Colour

Planes = Float32[np.ndarray, "3 #h #w"]

_PIVOT = (0.0, 0.2, 0.4)
"""The point of the head that a rotation keeps in place: the middle of the eyes and the mouth."""


class Point(NamedTuple):
    """A projected point of the head: its coordinates in the head's plane and its depth towards the viewer."""

    x: float
    y: float
    depth: float


class Patch(NamedTuple):
    """A rectangle of the image with the coordinates of its pixels in the head's plane."""

    rows: slice
    columns: slice
    x: Field
    y: Field


def planes(colour: Colour | Planes) -> Planes:
    """Return a colour as an array of a red, a green and a blue plane, (3, 1, 1) if it is a single colour."""
    array = np.asarray(colour, np.float32)
    return array if array.ndim == 3 else array.reshape(3, 1, 1)


class Canvas:
    """An RGB image and its label map, addressed in the head's plane: head units, after yaw and pitch, before roll."""

    def __init__(self, pose: Pose, size: int):
        """Create a black image of background only, `size` px high and wide."""
        self.size = size
        self.unit = 0.5 * size * pose.scale
        """Pixels per head unit."""
        self.rgb = np.zeros((3, size, size), np.float32)
        self.labels: UInt8[np.ndarray, "s s"] = np.zeros((size, size), np.uint8)
        yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
        self._yaw = math.cos(yaw), math.sin(yaw)
        self._pitch = math.cos(pitch), math.sin(pitch)
        self.roll = math.cos(roll), math.sin(roll)
        self._shift = (0.0, 0.0)
        pivot = self.project(*_PIVOT)
        self._shift = (_PIVOT[0] - pivot.x, _PIVOT[1] - pivot.y)
        self._origin = (pose.dx, pose.dy)
        self._scale = pose.scale
        across = ((np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0)[None]
        x, y = (across - pose.dx) / pose.scale, (across.T - pose.dy) / pose.scale
        cos, sin = self.roll
        self._x, self._y = x * cos + y * sin, y * cos - x * sin

    def project(self, x: float, y: float, z: float) -> Point:
        """Return a point of the head after yaw and pitch, projected onto the head's plane."""
        (cos_yaw, sin_yaw), (cos_pitch, sin_pitch) = self._yaw, self._pitch
        x, z = x * cos_yaw + z * sin_yaw, z * cos_yaw - x * sin_yaw
        y, z = y * cos_pitch - z * sin_pitch, z * cos_pitch + y * sin_pitch
        return Point(x + self._shift[0], y + self._shift[1], z)

    def narrowing(self, x: float) -> float:
        """Return the horizontal scale of a small part of the face's front at `x` under the yaw."""
        cos_yaw, sin_yaw = self._yaw
        return cos_yaw - 1.4 * x * sin_yaw

    def patch(self, left: float, top: float, right: float, bottom: float) -> Patch:
        """Return the rectangle of pixels around a box of the head's plane, with 2 px to spare, cut to the image."""
        cos, sin = self.roll
        corners = [(x * cos - y * sin, x * sin + y * cos) for x in (left, right) for y in (top, bottom)]
        columns = self._span([x for x, _ in corners], self._origin[0])
        rows = self._span([y for _, y in corners], self._origin[1])
        return Patch(rows, columns, self._x[rows, columns], self._y[rows, columns])

    def _span(self, places: list[float], origin: float) -> slice:
        first, last = ((place * self._scale + origin + 1.0) * 0.5 * self.size for place in (min(places), max(places)))
        start = min(max(int(first) - 2, 0), self.size - 4)
        return slice(start, max(min(int(last) + 3, self.size), start + 4))

    def paint(self, patch: Patch, coverage: Field, colour: Colour | Planes, part: str | None = None) -> None:
        """Paint a colour over a patch and, where it covers at least half of a pixel, set the part's label.

        Args:
          patch: where.
          coverage: share of each pixel that is covered, 0..1.
          colour: one colour, or float32 (3, h, w) in 0..1.
          part: a name of `CLASSES`; None leaves the labels as they are.
        """
        under = self.rgb[:, patch.rows, patch.columns]
        under += coverage * (planes(colour) - under)
        if part is not None:
            self.label(patch, coverage, part)

    def label(self, patch: Patch, coverage: Field, part: str) -> None:
        """Set the label of the patch's pixels that are covered by at least half."""
        self.labels[patch.rows, patch.columns][coverage >= 0.5] = CLASSES.index(part)

    def has_label(self, patch: Patch, *parts: str) -> Bool[np.ndarray, "h w"]:
        """Return where the patch has the label of one of these parts."""
        return np.isin(self.labels[patch.rows, patch.columns], [CLASSES.index(part) for part in parts])

    def image(self) -> UInt8[np.ndarray, "s s 3"]:
        """Return the RGB image so far."""
        return np.ascontiguousarray((np.clip(self.rgb, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8).transpose(1, 2, 0))
