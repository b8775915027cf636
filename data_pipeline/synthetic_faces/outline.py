"""The outline of the head's skin and the height of the face over the plane."""

import numpy as np

from data_pipeline.synthetic_faces.scene import Scene
from data_pipeline.synthetic_faces.shapes import Field, bump

CHEEK = 0.06
"""y at which the face is widest."""
_SKULL_POWER = 2.2


def axis(scene: Scene, y: Field) -> Field:
    """Return x of the outline's middle: the chin, in front of the skull, moves further under a yaw."""
    back, front = scene.canvas.project(0.0, 0.0, 0.02), scene.canvas.project(0.0, 0.0, 0.24)
    forward = np.clip((y + 0.2) / 0.9, 0.0, 1.0)
    return back.x + (front.x - back.x) * forward


def chin_field(scene: Scene, x: Field, y: Field) -> Field:
    """Return the lower face as an implicit shape: -1 in the middle of the face, 0 on the edge."""
    outline = scene.geometry.outline
    chin = scene.canvas.project(0.0, outline.chin, 0.3).y
    down = np.maximum(y - CHEEK, 0.0) / (chin - CHEEK)
    width = outline.width * (1.0 - outline.taper * np.minimum(down, 1.3) ** 1.5)
    power = _SKULL_POWER + (outline.jaw - _SKULL_POWER) * np.minimum(2.0 * down, 1.0)
    return (np.abs(x - axis(scene, y)) / width) ** power + down**outline.jaw - 1.0


def face_field(scene: Scene, x: Field, y: Field) -> Field:
    """Return the skin of the head, from skull to chin, as an implicit shape."""
    outline = scene.geometry.outline
    skull = scene.canvas.project(0.0, outline.skull, -0.02).y
    up = np.maximum(CHEEK - y, 0.0) / (CHEEK - skull)
    upper = (np.abs(x - axis(scene, y)) / outline.width) ** _SKULL_POWER + up**_SKULL_POWER - 1.0
    return np.where(y < CHEEK, upper, chin_field(scene, x, y))


def face_height(scene: Scene, x: Field, y: Field, face: Field) -> Field:
    """Compute the height of the face over the head's plane, in head units: an egg plus cheeks, nose, lips and chin.

    Args:
      scene: the face.
      x: coordinates in the head's plane.
      y: coordinates in the head's plane.
      face: `face_field` there.
    """
    geometry = scene.geometry
    outline, nose, mouth, eyes = geometry.outline, geometry.nose, geometry.mouth, geometry.eyes
    project = scene.canvas.project
    height = 0.42 * np.sqrt(np.maximum(-face, 0.0) + 0.03)

    def add(at: tuple[float, float, float], size: tuple[float, float], amount: float) -> None:
        nonlocal height
        place = project(*at)
        height += amount * bump(x - place.x, y - place.y, size[0] * scene.canvas.narrowing(at[0]), size[1])

    for side in (-1.0, 1.0):
        cheek = 0.012 + 0.022 * max(mouth.smile, 0.0)
        add((side * (0.24 + 0.02 * mouth.smile), 0.22 - 0.03 * mouth.smile, 0.36), (0.10, 0.09), cheek)
        add((side * eyes.spacing, -0.005, 0.38), (0.105, 0.06), -0.028)
        add((side * (eyes.spacing + 0.01), -geometry.brows.height, 0.42), (0.11, 0.035), 0.013)
        add((side * (mouth.width + 0.02), mouth.y - 0.05 * mouth.smile, 0.38), (0.025, 0.04), -0.010)
    add((0.0, 0.4 * nose.length, 0.44), (0.038, 0.13), 0.035)
    add((0.0, 0.88 * nose.length, 0.50), (0.6 * nose.width, 0.05), 0.05)
    add((0.0, nose.length + 0.06, 0.42), (0.022, 0.04), -0.008)
    add((0.0, mouth.y, 0.42), (0.16, 0.09), 0.02)
    add((0.0, mouth.y + mouth.lower + mouth.opening + 0.05, 0.4), (0.09, 0.025), -0.014)
    add((0.0, 0.9 * outline.chin, 0.36), (0.10, 0.06), 0.025)
    return height
