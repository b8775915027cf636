"""The skin of the head: face, nose and ears."""

import numpy as np

from data_pipeline.synthetic_faces.canvas import Patch, Planes, planes
from data_pipeline.synthetic_faces.noise import visible
from data_pipeline.synthetic_faces.outline import axis, face_field, face_height
from data_pipeline.synthetic_faces.scene import Scene, tone
from data_pipeline.synthetic_faces.shapes import Field, bump, capsule, coverage, ellipse, smooth

_BLUSH = np.array([0.86, 0.34, 0.36], np.float32).reshape(3, 1, 1)
_FRECKLE = np.array([0.55, 0.32, 0.20], np.float32).reshape(3, 1, 1)


def paint_face(scene: Scene) -> None:
    """Paint skin and nose, with the shading of the whole face."""
    canvas, outline = scene.canvas, scene.geometry.outline
    reach = outline.width + 0.2
    patch = canvas.patch(-reach, -1.0, reach, 1.0)
    x, y = patch.x, patch.y
    face = face_field(scene, x, y)
    height = face_height(scene, x, y, face)
    light = scene.lit(height * canvas.unit)
    colour = tone(_complexion(scene, x, y), light)
    canvas.paint(patch, coverage(face), colour, "skin")
    nose = _nose_field(scene, x, y)
    warm = colour * np.array([1.01, 0.955, 0.945], np.float32).reshape(3, 1, 1)
    canvas.paint(patch, coverage(nose, 0.02 * canvas.unit), warm, "nose")
    _paint_nose_shadows(scene)


def _complexion(scene: Scene, x: Field, y: Field) -> Planes:
    style, mouth = scene.style, scene.geometry.mouth
    middle = axis(scene, y)
    colour = planes(style.skin)
    mottle = 1.0 + 0.03 * scene.noise(x * 7.0 + 9.0, y * 7.0 + 9.0)
    colour = colour * mottle
    cheeks = bump(np.abs(x - middle) - 0.27, y - 0.2, 0.10, 0.09)
    colour = colour + (0.10 + 0.22 * style.blush) * cheeks * (_BLUSH - colour) * min(1.0, style.skin[0])
    if style.freckles:
        spots = smooth(-scene.noise(x * 44.0, y * 44.0), -0.85, -0.55) * visible(scene.canvas.unit / 44.0)
        spots *= bump(np.abs(x - middle) - 0.16, y - 0.14, 0.16, 0.12) * style.freckles
        colour = colour + 0.6 * spots * (_FRECKLE - colour)
    if style.stubble:
        beard = smooth(mouth.y - 0.07 + 0.45 * np.maximum(0.0, 0.3 - np.abs(x - middle)) - y, -0.16, 0.05)
        moustache = bump(x - middle, y - mouth.y + 0.085, 0.13, 0.03)
        grain = 1.0 + 0.3 * scene.noise(x * 55.0, y * 40.0) * visible(scene.canvas.unit / 55.0)
        shadow = planes(style.hair) * 0.7 + 0.08
        colour = colour + style.stubble * np.maximum(beard, moustache) * grain * (shadow - colour) * 0.75
    return colour


def _nose_field(scene: Scene, x: Field, y: Field) -> Field:
    nose = scene.geometry.nose
    project = scene.canvas.project
    top, tip = project(0.0, 0.02, 0.42), project(0.0, 0.84 * nose.length, 0.54)
    field = capsule(x, y, (top.x, top.y, nose.bridge), (tip.x, tip.y, 0.58 * nose.width))
    for side in (-1.0, 1.0):
        wing = project(side * 0.6 * nose.width, 0.87 * nose.length, 0.47)
        field = np.minimum(field, ellipse(x - wing.x, y - wing.y, 0.42 * nose.width, 0.045))
    return field


def _paint_nose_shadows(scene: Scene) -> None:
    canvas, nose = scene.canvas, scene.geometry.nose
    dark = tuple(0.34 * channel for channel in scene.style.skin)
    for side in (-1.0, 1.0):
        hole = canvas.project(side * 0.40 * nose.width, 0.985 * nose.length, 0.48)
        reach = 0.3 * nose.width
        patch = canvas.patch(hole.x - 0.1, hole.y - 0.1, hole.x + 0.1, hole.y + 0.1)
        x, y = patch.x - hole.x, patch.y - hole.y + 0.3 * side * (patch.x - hole.x)
        narrow = reach * max(canvas.narrowing(side * 0.1), 0.4)
        canvas.paint(patch, 0.85 * coverage(ellipse(x, y, narrow, 0.016), 0.016 * canvas.unit), dark)
        wing = canvas.project(side * 0.98 * nose.width, 0.87 * nose.length, 0.45)
        patch = canvas.patch(wing.x - 0.1, wing.y - 0.12, wing.x + 0.1, wing.y + 0.12)
        crease = bump(patch.x - wing.x, patch.y - wing.y, 0.014, 0.03)
        canvas.paint(patch, 0.35 * crease, dark)


def visible_beside_face(scene: Scene, patch: Patch, depth: float) -> Field | float:
    """Return the share of each pixel in which the face does not hide a part beside it at this depth."""
    return 1.0 - coverage(face_field(scene, patch.x, patch.y)) if depth < -0.08 else 1.0


def paint_ears(scene: Scene) -> None:
    """Paint the ears; the face hides one that is behind it."""
    canvas, geometry, style = scene.canvas, scene.geometry, scene.style
    ears = geometry.ears
    for side, part in ((-1.0, "r_ear"), (1.0, "l_ear")):
        at = canvas.project(side * (geometry.outline.width + 0.4 * ears.out), 0.06, -0.08)
        width = 0.035 + ears.out
        patch = canvas.patch(at.x - 0.2, at.y - 0.3, at.x + 0.2, at.y + 0.3)
        x, y = (patch.x - at.x) * side, patch.y - at.y
        x = (x + 0.11 * y) / (1.0 + 0.3 * smooth(y, -0.5 * ears.size, 0.5 * ears.size))
        field = ellipse(x, y, width, ears.size)
        covered = coverage(field) * visible_beside_face(scene, patch, at.depth)
        rim = smooth(-np.abs(ellipse(x + 0.004, y, 0.62 * width, 0.7 * ears.size)), 0.0, -0.012)
        light = scene.lambert(side * (0.5 + 8.0 * x), 2.0 * y, 1.0) * (0.97 - 0.3 * rim)
        warm = tuple(channel * share for channel, share in zip(style.skin, (1.0, 0.92, 0.9), strict=True))
        canvas.paint(patch, covered, tone(warm, light), part)
