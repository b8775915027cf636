"""Hair: a layer behind the neck and a layer around the face, with strands along its direction.

Strands have fixed places on the head whatever the hair's shape, so that shorter hair has the same ones.
"""

from dataclasses import dataclass

import numpy as np

from data_pipeline.synthetic_faces.canvas import Patch, Planes
from data_pipeline.synthetic_faces.noise import Noise, visible
from data_pipeline.synthetic_faces.scene import Scene, tone
from data_pipeline.synthetic_faces.shapes import Field, coverage, ellipse, intersection, smooth

_MIDDLE = -0.06
"""y of the middle of the skull."""
_EAR_LENGTH = 0.16
"""y at which the front of hair behind the ears ends."""
_TUFTS = Noise(0)


@dataclass(frozen=True)
class Locks:
    """What both layers share: the outer shape, the distance to the tips, and the colour."""

    patch: Patch
    outside: Field
    tips: Field
    """y of a pixel, displaced by the ragged end of the hair; hair ends where this is its length."""
    colour: Planes

    def down_to(self, length: float) -> Field:
        """Return the hair down to `length`, as an implicit shape with rounded corners."""
        return intersection(self.outside, 2.2 * (self.tips - length), 0.15)


def make_locks(scene: Scene) -> Locks | None:
    """Return what both layers share; None if there is no hair."""
    outline, hair = scene.geometry.outline, scene.geometry.hair
    if hair.kind == "bald":
        return None
    skull = scene.canvas.project(0.0, _MIDDLE, -0.1)
    reach = (outline.width + hair.side) * (1.0 + max(hair.flare, 0.0)) + 0.12
    top = outline.skull - hair.top - 0.25
    patch = scene.canvas.patch(skull.x - reach, top, skull.x + reach, hair.length + 0.12)
    outside = _silhouette(scene, patch.x - skull.x, patch.y - skull.y)
    if hair.kind == "bun":
        at = scene.canvas.project(0.12 * hair.part, outline.skull - 0.07, -0.1)
        outside = np.minimum(outside, ellipse(patch.x - at.x, patch.y - at.y, 0.19, 0.15))
    ragged = 0.03 * _TUFTS(hair.tufts + patch.x * 14.0 + 30.0, np.full((1, 1), 7.0, np.float32))
    tips = patch.y + 0.12 * ((patch.x - skull.x) / outline.width) ** 2 + ragged
    return Locks(patch, outside, tips, _colour(scene, patch.x - skull.x, patch.y - skull.y))


def paint_back_hair(scene: Scene, locks: Locks) -> None:
    """Paint the hair behind neck and ears."""
    shade = 1.0 - 0.45 * smooth(np.abs(locks.patch.x), 0.3, 0.62)
    covered = coverage(locks.down_to(scene.geometry.hair.length))
    scene.canvas.paint(locks.patch, covered, locks.colour * shade, "hair")


def paint_front_hair(scene: Scene, locks: Locks) -> None:
    """Paint the hair around the face: over the forehead and, if it covers the ears, beside the cheeks."""
    canvas, hair, patch = scene.canvas, scene.geometry.hair, locks.patch
    opening = _opening(scene, patch.x, patch.y)
    shadow = smooth(-opening, 0.0, 0.25) * canvas.has_label(patch, "skin", "nose", "neck")
    canvas.paint(patch, 0.3 * shadow, (0.12, 0.06, 0.04))
    outer = locks.down_to(hair.length if hair.over_ears else min(hair.length, _EAR_LENGTH))
    covered = np.minimum(coverage(outer, 1.4), coverage(-opening, 0.035 * canvas.unit))
    canvas.paint(patch, covered, locks.colour * (1.0 - 0.35 * smooth(np.abs(opening), 0.0, 0.16)), "hair")


def _silhouette(scene: Scene, x: Field, y: Field) -> Field:
    """Return the outer shape of the hair around the skull's middle, as an implicit shape without a lower end."""
    outline, hair = scene.geometry.outline, scene.geometry.hair
    width = 1.01 * outline.width + hair.side
    height = _MIDDLE - outline.skull + (min(hair.top, 0.03) if scene.geometry.hat else hair.top)
    down = np.maximum(y, 0.0)
    sides = width * (1.0 + hair.flare * (down / (down + 0.5)))
    if hair.kind in ("short", "receding", "bun"):
        sides = np.maximum(sides - 0.9 * np.maximum(down - 0.08, 0.0) ** 1.3, 0.3)
    ripple = hair.wave * 0.022 * np.sin(13.0 * y + 2.0 * np.sign(x)) * smooth(-y, -0.25, 0.0)
    lift = 1.0 + 0.05 * hair.part * np.clip(x / width, -1.0, 1.0) * (hair.top > 0.04)
    up = np.maximum(-y, 0.0) / (height * lift)
    field = (np.abs((x - ripple) / sides) ** 2.5 + up**2.5) ** 0.4 - 1.0
    if hair.kind == "curly":
        curls = 0.07 * _TUFTS(hair.tufts + x * 7.0 + 11.0, y * 7.0 + 50.0)
        return field + curls + 0.02 * _TUFTS(hair.tufts + x * 17.0, y * 17.0)
    return field + 0.012 * _TUFTS(hair.tufts + x * 16.0 + 5.0, y * 9.0 + 33.0)


def _opening(scene: Scene, x: Field, y: Field) -> Field:
    """Return the part of the head that the front hair does not cover, as an implicit shape."""
    outline, hair = scene.geometry.outline, scene.geometry.hair
    level, front = scene.canvas.project(0.0, 0.05, 0.2), scene.canvas.project(0.0, hair.hairline, 0.3)
    fringe = scene.canvas.project(0.0, -0.17, 0.42).y
    top = front.y + (fringe - front.y) * hair.fringe
    x = x - level.x - 0.4 * (front.x - level.x)
    reach = 0.86 if hair.over_ears else 0.96
    width = outline.width * (1.12 if hair.kind == "receding" else reach)
    strands = _TUFTS(hair.tufts + x * 13.0 + 2.0, y * 1.5 + 21.0) + 0.5 * _TUFTS(hair.tufts + x * 31.0, y * 2.0 + 3.0)
    ragged = (0.012 + 0.03 * hair.fringe) * strands
    parting = 0.13 * hair.part * np.clip(x / width, -1.0, 1.0) * (1.0 - 0.6 * hair.fringe)
    if hair.kind == "receding":
        parting = -0.28 * (np.abs(x) / width) ** 1.5 * (y < level.y)
    up = np.maximum(level.y - y + parting + ragged, 0.0) / (level.y - top)
    power = 2.4 if hair.fringe == 0.0 else 3.6
    down = np.maximum(y - level.y, 0.0)
    sides = width * (1.0 - 0.10 * hair.over_ears * np.minimum(down, 0.5)) + 0.012 * strands
    sides = sides + hair.over_ears * hair.wave * 0.02 * np.sin(11.0 * y)
    return (np.abs(x) / sides) ** power + up**power - 1.0


def _colour(scene: Scene, x: Field, y: Field) -> Planes:
    canvas, style, hair = scene.canvas, scene.style, scene.geometry.hair
    up = np.maximum(-y, 0.0)
    across = np.sqrt(x * x + (0.72 * up) ** 2)
    along = np.where(y > 0.0, y + 0.7, 0.7 * np.abs(x) / (np.abs(x) + up + 0.05))
    if hair.kind == "curly":
        strands = scene.noise(x * 20.0, y * 20.0) + 0.5 * scene.noise(x * 38.0, y * 38.0) * visible(canvas.unit / 38.0)
        locks = scene.noise(x * 8.0 + 7.0, y * 8.0)
    else:
        spread = across + 0.05 * hair.wave * np.sin(12.0 * along) + 0.012 * np.sin(7.0 * along)
        along = along + 2.0 * x
        strands = 0.0
        for finer, stretch, amount in ((1.0, 2.0, 1.0), (2.1, 3.0, 0.7)):
            frequency = finer * style.strand_frequency
            fine = scene.noise(spread * frequency + stretch, along * stretch)
            strands = strands + amount * visible(canvas.unit / frequency) * fine
        locks = scene.noise(spread * 9.0 + 5.0, along * 1.3 + 8.0)
    width, height = scene.geometry.outline.width + hair.side, hair.top - scene.geometry.outline.skull
    nx, ny = np.clip(x / (1.15 * width), -0.95, 0.95), np.clip(y / (1.1 * height), -0.95, 0.35)
    light = scene.lambert(nx, ny, np.sqrt(np.maximum(1.0 - nx * nx - ny * ny, 0.04)))
    light = light * (1.0 + style.strand_contrast * (0.55 * strands + 0.5 * locks))
    band = np.exp(-(((y + 0.36 - 0.2 * x * x + 0.03 * strands) / 0.09) ** 2)) * (1.0 + 0.5 * strands)
    side = np.exp(-(((x - 0.3 * scene.light[0]) / 0.3) ** 2))
    colour = tone(style.hair, np.maximum(light, 0.1))
    return colour + style.sheen * 0.55 * (band * side) * (0.15 + colour)
