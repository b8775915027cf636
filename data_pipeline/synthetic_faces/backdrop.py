"""Background, neck and clothes."""

import math

import numpy as np

from data_pipeline.synthetic_faces.canvas import planes
from data_pipeline.synthetic_faces.outline import chin_field
from data_pipeline.synthetic_faces.scene import Scene, tone
from data_pipeline.synthetic_faces.shapes import Field, coverage, smooth


def paint_background(scene: Scene) -> None:
    """Paint a gradient between two colours with blurred lights, at fixed places of the image."""
    canvas, style = scene.canvas, scene.style
    across = np.linspace(-1.0, 1.0, canvas.size, dtype=np.float32)[None]
    ramp = 0.5 + 0.35 * (across * math.cos(style.background_angle) + across.T * math.sin(style.background_angle))
    blobs = scene.noise(across * 2.2 + 20.0, across.T * 2.2 + 20.0)
    share = np.clip(ramp + 0.6 * style.background_blobs * blobs, 0.0, 1.0)
    first, second = (planes(colour) for colour in style.background)
    canvas.rgb[:] = first + (second - first) * share


def paint_neck(scene: Scene) -> None:
    """Paint neck and upper chest, with the shadow of the chin."""
    canvas, body = scene.canvas, scene.geometry.body
    patch = canvas.patch(-1.5, 0.2, 1.5, 1.8)
    y = patch.y
    x = patch.x - neck_axis(scene, y)
    spread = 1.6 * np.maximum(y - body.shoulders + 0.06, 0.0) ** 1.5
    width = body.neck * (1.0 - 0.12 * smooth(y, body.shoulders, 0.3)) + spread
    field = np.abs(x) - width
    across = np.clip(x / width, -0.97, 0.97)
    low = smooth(-y, -body.shoulders, 0.2 - body.shoulders)
    tendons = 0.25 * np.sin(9.0 * across) * smooth(np.abs(across), 0.35, 0.8) * low
    light = scene.lambert(across + tendons, 0.1, np.sqrt(1.0 - across * across))
    below = chin_field(scene, patch.x + 0.10 * scene.light[0], y - 0.07)
    light = light * (0.96 - 0.42 * smooth(below, -0.05, 0.35))
    canvas.paint(patch, coverage(np.maximum(field, 0.25 - y)), tone(scene.style.skin, light), "neck")


def paint_clothes(scene: Scene) -> None:
    """Paint clothes over the shoulders, open at the collar."""
    canvas, style, body = scene.canvas, scene.style, scene.geometry.body
    patch = canvas.patch(-1.6, 0.5, 1.6, 1.8)
    x, y = patch.x - shoulder_axis(scene), patch.y
    side = np.abs(x)
    shoulder = body.shoulders - 0.02 + body.slope * np.maximum(side - 0.8 * body.neck, 0.0)
    opening = _collar(scene, x, y)
    field = np.maximum(shoulder - y, -opening)
    if body.collar == "turtleneck":
        roll = np.maximum(side - body.neck - 0.03, body.shoulders - 0.1 - y + 0.05 * np.cos(2.0 * x))
        field = np.minimum(field, roll)
    folds = scene.noise(x * 5.0 + 3.0, y * 1.7 + 40.0)
    light = scene.lambert(0.5 * x + 0.35 * folds, -0.35 - 0.1 * folds, 1.0)
    light = light * (1.0 - 0.3 * smooth(opening, 0.0, 0.08)) * (1.02 - 0.25 * smooth(side, 0.0, 0.7))
    colour = planes(style.clothes)
    if style.stripes:
        second = planes(style.clothes_second)
        wave = np.sin((y + 0.1 * x * x) * style.stripes * math.tau) * canvas.unit / (style.stripes * 4.0)
        colour = colour + (second - colour) * np.clip(0.5 + wave, 0.0, 1.0)
    if body.collar == "shirt":
        lapel = smooth(opening, 0.105, 0.115) * (1.0 - 0.25 * smooth(np.abs(opening - 0.115), 0.0, 0.02))
        colour = colour + lapel * (planes(style.clothes_second) - colour)
    canvas.paint(patch, coverage(field), tone(colour, light), "cloth")


def neck_axis(scene: Scene, y: Field) -> Field:
    """Return x of the neck's middle: at its top that of the skull, at the shoulders theirs."""
    shoulders = shoulder_axis(scene)
    return 2.0 * shoulders - shoulders * np.clip((y - 0.3) / (scene.geometry.body.shoulders - 0.3), 0.0, 1.0)


def shoulder_axis(scene: Scene) -> float:
    """Return x of the shoulders' middle."""
    return 0.5 * scene.canvas.project(0.0, 0.3, -0.02).x


def _collar(scene: Scene, x: Field, y: Field) -> Field:
    body = scene.geometry.body
    top = body.shoulders - 0.03
    side = np.abs(x)
    match body.collar:
        case "round":
            width, height = 1.25 * body.neck, 0.5 * body.depth + 0.06
            return 0.15 * (np.sqrt((side / width) ** 2 + ((y - top) / height) ** 2) - 1.0)
        case "v":
            return y - top - (body.depth + 0.1) * (1.0 - side / (1.1 * body.neck))
        case "shirt":
            return 0.5 * (y - top - 0.2 * (1.0 - side / (0.85 * body.neck)))
        case _:
            return np.full_like(x + y, 1.0)
