"""Eyes, brows and mouth."""

import numpy as np

from data_pipeline.synthetic_faces.canvas import Patch, planes
from data_pipeline.synthetic_faces.noise import visible
from data_pipeline.synthetic_faces.scene import Scene, tone
from data_pipeline.synthetic_faces.shapes import Field, bump, coverage, smooth
from data_pipeline.synthetic_faces.style import mix

SIDES = ((-1.0, "r"), (1.0, "l"))
"""Side of the image (-1 left) and side of the person, after which CelebAMask-HQ names parts."""


def paint_eyes(scene: Scene) -> None:
    """Paint both eyes with lids, lashes and eye shadow."""
    for side, name in SIDES:
        _paint_eye(scene, side, f"{name}_eye")


def _paint_eye(scene: Scene, side: float, part: str) -> None:
    canvas, style, eyes = scene.canvas, scene.style, scene.geometry.eyes
    at = canvas.project(side * eyes.spacing, 0.0, 0.38)
    narrowing = canvas.narrowing(side * eyes.spacing)
    patch = canvas.patch(at.x - 0.2, at.y - 0.2, at.x + 0.2, at.y + 0.16)
    x, y = (patch.x - at.x) / narrowing, patch.y - at.y
    y = y + eyes.slant * side * x
    u = side * x / eyes.width
    arc = np.maximum(1.0 - u * u, -3.0)
    upper = y + 1.15 * eyes.opening * arc * (1.0 - 0.18 * u)
    lower = y - 0.8 * eyes.opening * arc * (1.0 + 0.18 * u)
    eye = np.maximum(-upper, lower)
    skin_dark = tuple(0.42 * channel for channel in style.skin)

    lid = bump(u - 0.1, y + eyes.opening + 0.022, 1.0, 0.024)
    canvas.paint(patch, 0.9 * style.eye_shadow_strength * lid, style.eye_shadow)
    crease = bump(0.0, upper + 0.025 + 0.01 * u, 1.0, 0.006) * smooth(np.abs(u), 0.7, 1.1)
    canvas.paint(patch, 0.5 * crease, skin_dark)
    bag = bump(0.0, lower - 0.022, 1.0, 0.008) * smooth(np.abs(u), 0.4, 1.0)
    canvas.paint(patch, 0.22 * bag, skin_dark)

    ball = scene.lambert(0.5 * u, y / 0.1, 1.0)
    white = tone((0.93, 0.91, 0.90), np.minimum(ball + 0.12, 1.05) * (1.0 - 0.35 * smooth(upper, 0.0, 0.03)))
    shape = coverage(eye)
    canvas.paint(patch, shape, white, part)
    radius = 0.44 * eyes.width
    ix, iy = x - eyes.gaze_x * 0.6 * eyes.width, y - eyes.gaze_y * 0.3 * eyes.width + 0.12 * eyes.opening
    from_pupil = np.sqrt(ix * ix + iy * iy)
    iris = np.clip(0.5 + (radius - from_pupil) * canvas.unit * 0.8, 0.0, 1.0)
    shade = 1.25 - 0.75 * smooth(-from_pupil, -radius, -0.6 * radius)
    shade = shade * (0.75 + 0.45 * smooth(-iy, -radius, radius * 0.6))
    canvas.paint(patch, shape * iris, planes(style.iris) * shade)
    pupil = np.clip(0.5 + (0.42 * radius - from_pupil) * canvas.unit, 0.0, 1.0)
    canvas.paint(patch, shape * pupil, (0.03, 0.02, 0.02))
    glint = bump(ix - 0.38 * radius * scene.light[0] - 0.1 * radius, iy + 0.4 * radius, 0.2 * radius, 0.2 * radius)
    canvas.paint(patch, shape * np.minimum(1.3 * glint, 1.0), (1.0, 1.0, 1.0))

    thickness = 0.006 + 0.010 * style.lashes
    wing = smooth(np.abs(u), 1.0, 1.12 + 0.1 * style.lashes)
    lash = smooth(np.abs(upper + 0.3 * thickness), 0.4 * thickness, 1.1 * thickness + 0.6 / canvas.unit) * wing
    canvas.paint(patch, (0.55 + 0.4 * style.lashes) * lash, mix(skin_dark, (0.06, 0.04, 0.04), 0.7))
    rim = smooth(np.abs(lower), 0.0, 0.008) * smooth(np.abs(u), 0.8, 1.05)
    canvas.paint(patch, (0.25 + 0.3 * style.lashes) * rim, mix(skin_dark, (0.1, 0.06, 0.06), 0.4))
    corner = bump(u + 0.96, y, 0.07, 0.012)
    canvas.paint(patch, 0.5 * corner, (0.75, 0.45, 0.42))


def paint_brows(scene: Scene) -> None:
    """Paint both brows, of short hairs that lean outwards."""
    canvas, style, brows, eyes = scene.canvas, scene.style, scene.geometry.brows, scene.geometry.eyes
    colour = mix(style.hair, (0.10, 0.07, 0.06), 0.45)
    for side, name in SIDES:
        at = canvas.project(side * (eyes.spacing + 0.015), -brows.height, 0.42)
        patch = canvas.patch(at.x - 0.25, at.y - 0.15, at.x + 0.25, at.y + 0.15)
        x, y = (patch.x - at.x) / canvas.narrowing(side * eyes.spacing), patch.y - at.y
        u = side * x / brows.width
        middle = y + brows.arch * (1.0 - (u - 0.25) ** 2) - 0.6 * brows.arch + brows.tilt * 0.12 * u
        thickness = brows.thickness * (0.92 - 0.35 * np.maximum(u, -0.6) - 0.25 * np.maximum(u - 0.3, 0.0))
        field = np.maximum(np.abs(middle) - thickness, (np.abs(u) - 1.0) * brows.thickness * 1.6)
        hairs = scene.noise(x * 42.0 + middle * side * 38.0, middle * 6.0) * visible(canvas.unit / 46.0)
        shade = planes(colour) * (1.0 + 0.3 * hairs)
        body = coverage(field, 0.012 * canvas.unit)
        canvas.paint(patch, body, _over_skin(scene, patch, shade, 0.82 + 0.15 * hairs), f"{name}_brow")


def _over_skin(scene: Scene, patch: Patch, colour: np.ndarray, strength: Field) -> np.ndarray:
    under = scene.canvas.rgb[:, patch.rows, patch.columns]
    return under + strength * (colour - under)


def paint_mouth(scene: Scene) -> None:
    """Paint the lips and, between them, teeth and tongue."""
    canvas, style, mouth = scene.canvas, scene.style, scene.geometry.mouth
    at = canvas.project(0.0, mouth.y, 0.44)
    patch = canvas.patch(at.x - 0.35, at.y - 0.22, at.x + 0.35, at.y + 0.3)
    turn = canvas.narrowing(0.0)
    x = patch.x - at.x
    x = x / (turn - 0.55 * x * canvas.project(0.0, 0.0, 1.0).x)
    y = patch.y - at.y
    half = mouth.width * (1.0 + 0.14 * mouth.smile)
    u = x / half
    side = np.abs(u)
    arc = np.maximum(1.0 - u * u, -2.0)
    y = y + mouth.smile * 0.062 * (u * u - 0.35)
    top, bottom = y + 0.3 * mouth.opening * arc, y - 0.7 * mouth.opening * arc
    bow = 1.0 - 0.32 * np.exp(-((u / 0.10) ** 2)) + 0.12 * np.exp(-(((side - 0.22) / 0.14) ** 2))
    stretch = 1.0 - 0.18 * max(mouth.smile, 0.0)
    fullness = np.sign(arc) * np.abs(arc) ** 0.75
    upper_lip = np.maximum(-(y + 0.3 * mouth.opening * arc + stretch * 1.1 * mouth.upper * fullness * bow), top)
    lower_lip = np.maximum(y - 0.7 * mouth.opening * arc - stretch * 1.1 * mouth.lower * fullness, -bottom)
    dark = tuple(0.35 * channel for channel in style.skin)
    canvas.paint(patch, 0.3 * bump(u, y - 0.7 * mouth.opening - 1.3 * mouth.lower, 0.45, 0.012), dark)
    for corner in (-1.0, 1.0):
        canvas.paint(patch, 0.4 * bump(u - 1.02 * corner, y, 0.06, 0.014), dark)

    if mouth.opening > 0.0:
        _paint_teeth(scene, patch, u, top, np.maximum(-top, bottom))
    lips = planes(style.lips)
    grain = 1.0 + 0.10 * scene.noise(u * 14.0 + 5.0, y * 9.0 + 30.0)
    rounded = scene.lambert(0.6 * u, -0.5 + (top + 0.5 * mouth.upper) / mouth.upper * 0.4, 1.0)
    canvas.paint(patch, coverage(upper_lip, 0.008 * canvas.unit), tone(lips, 0.86 * rounded * grain), "u_lip")
    slope = (bottom - 0.45 * mouth.lower) / mouth.lower
    rounded = scene.lambert(0.6 * u, slope, 1.0) + 0.03
    gloss = bump(u - 0.3 * scene.light[0], slope + 0.15, 0.32, 0.2) * (0.14 + 0.3 * style.lipstick)
    colour = tone(lips, rounded * grain)
    canvas.paint(patch, coverage(lower_lip, 0.008 * canvas.unit), colour + gloss * (1.0 - colour), "l_lip")
    line = bump(0.0, np.where(top < 0.0, top, bottom * (bottom > 0.0)), 1.0, 0.006) * smooth(side, 0.95, 1.03)
    canvas.paint(patch, 0.6 * line * (mouth.opening == 0.0), dark)


def _paint_teeth(scene: Scene, patch: Patch, u: Field, top: Field, hollow: Field) -> None:
    canvas, opening = scene.canvas, scene.geometry.mouth.opening
    inside = coverage(hollow)
    canvas.paint(patch, inside, (0.20, 0.06, 0.06), "mouth")
    tongue = bump(u, top - opening, 0.45, 0.03)
    canvas.paint(patch, 0.75 * inside * tongue, (0.66, 0.30, 0.30))
    gaps = 1.0 - 0.13 * np.abs(np.sin(u * 13.0)) ** 12
    light = (1.0 - 0.45 * smooth(-np.abs(u), -1.0, -0.35)) * gaps
    edge = smooth(top, 0.6 * opening, 0.6 * opening + 0.012) * smooth(np.abs(u), 0.82, 0.95)
    canvas.paint(patch, inside * edge, tone((0.93, 0.91, 0.87), light))
    canvas.paint(patch, 0.4 * inside * smooth(top, 0.0, 0.016), (0.25, 0.10, 0.09))
