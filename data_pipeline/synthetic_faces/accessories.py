"""Glasses, hats, earrings and necklaces."""

import numpy as np

from data_pipeline.synthetic_faces.backdrop import shoulder_axis
from data_pipeline.synthetic_faces.canvas import planes
from data_pipeline.synthetic_faces.features import SIDES
from data_pipeline.synthetic_faces.scene import Scene, tone
from data_pipeline.synthetic_faces.shapes import bump, capsule, coverage, ellipse, smooth, superellipse
from data_pipeline.synthetic_faces.skin import visible_beside_face
from data_pipeline.synthetic_faces.style import mix


def paint_glasses(scene: Scene) -> None:
    """Paint frames and clear lenses, before eyes and brows, as in the merge order of the classes."""
    canvas, glasses, style = scene.canvas, scene.geometry.glasses, scene.style
    if glasses is None:
        return
    eyes, outline = scene.geometry.eyes, scene.geometry.outline
    patch = canvas.patch(-0.7, -0.3, 0.7, 0.35)
    x, y = patch.x, patch.y
    frame, lenses = np.full_like(x, 1.0), np.zeros_like(x)
    for side, _ in SIDES:
        at = canvas.project(side * (eyes.spacing + 0.01), 0.015, 0.46)
        width = glasses.width * max(canvas.narrowing(side * eyes.spacing), 0.4)
        lens = superellipse(x - at.x, y - at.y, width, glasses.height, glasses.roundness)
        lens = lens * (0.5 * min(width, glasses.height))
        frame = np.minimum(frame, np.abs(lens) - glasses.thickness)
        lenses = np.maximum(lenses, coverage(lens))
        hinge = canvas.project(side * (eyes.spacing + glasses.width + 0.01), 0.0, 0.42)
        end = canvas.project(side * (outline.width + 0.01), 0.0, 0.0)
        if side * (end.x - hinge.x) > 0.0:
            frame = np.minimum(frame, capsule(x, y, (hinge.x, hinge.y, 0.012), (end.x, end.y, 0.012)))
    inner = [canvas.project(side * (eyes.spacing - glasses.width + 0.015), -0.01, 0.48) for side, _ in SIDES]
    bridge = capsule(x, y, *((point.x, point.y, 0.7 * glasses.thickness) for point in inner))
    frame = np.minimum(frame, bridge)
    canvas.paint(patch, 0.10 * lenses, (0.85, 0.92, 1.0))
    canvas.label(patch, lenses, "eye_g")
    metal = tone(style.glasses, scene.lambert(0.0, y * 4.0, 1.0))
    canvas.paint(patch, coverage(frame), metal, "eye_g")


def paint_hat(scene: Scene) -> None:
    """Paint a beanie, a cap with a visor or a hat with a brim over the top of the hair."""
    canvas, hat, style = scene.canvas, scene.geometry.hat, scene.style
    if hat is None:
        return
    outline, hair = scene.geometry.outline, scene.geometry.hair
    skull = canvas.project(0.0, -0.06, -0.1)
    edge = canvas.project(0.0, hat.edge, 0.36)
    patch = canvas.patch(-1.2, -1.5, 1.2, 0.1)
    x, y = patch.x - skull.x, patch.y
    width = 1.04 * outline.width + 0.6 * min(hair.side, 0.08) + 0.02
    top = outline.skull - hat.height
    rise = np.maximum(edge.y - y, 0.0) / (edge.y - top)
    power = {"beanie": 2.2, "cap": 2.4, "brim": 3.4}[hat.kind]
    crown = (np.abs(x) / width) ** 2.6 + rise**power - 1.0
    rim_y = edge.y + (0.10 if hat.kind != "brim" else 0.03) * (np.abs(x) / width) ** 2
    field = np.maximum(crown * 0.3, y - rim_y)
    nx, ny = np.clip(x / (1.1 * width), -0.95, 0.95), np.clip((y - edge.y) / (edge.y - top), -0.9, 0.2)
    light = scene.lambert(nx, ny, np.sqrt(np.maximum(1.0 - nx * nx - ny * ny, 0.05)))
    light = light * (1.0 + 0.08 * scene.noise(x * 9.0, y * 9.0))
    colour = planes(style.hat)
    band = planes(mix(style.hat, (0.05, 0.05, 0.06), 0.6))
    match hat.kind:
        case "beanie":
            ribs = 1.0 + 0.12 * np.sin(x * 75.0) * min(1.0, canvas.unit / 60.0)
            light = light * ribs * (1.0 - 0.3 * smooth(np.abs(rim_y - 0.14 - y), 0.0, 0.02))
        case "cap":
            tip = canvas.project(0.0, hat.edge + 0.02, 0.62)
            visor = ellipse(patch.x - tip.x, y - tip.y, 0.9 * width, 0.085)
            field = np.minimum(field, visor)
            light = light * (1.0 - 0.45 * smooth(visor, -0.01, 0.02))
        case "brim":
            brim = ellipse(x, y - edge.y - 0.03 + 0.06 * (np.abs(x) / width) ** 2, 1.55 * width, 0.075)
            ribbon = smooth(np.abs(y - edge.y + 0.11), 0.05, 0.06)
            colour = colour + ribbon * (band - colour)
            field = np.minimum(field, brim)
            light = light * (1.0 - 0.25 * smooth(brim, -0.02, 0.0))
    shadow = smooth(field, 0.0, 0.10) * canvas.has_label(patch, "skin", "nose", "l_brow", "r_brow")
    canvas.paint(patch, 0.4 * shadow, (0.10, 0.05, 0.04))
    canvas.paint(patch, coverage(field), tone(colour, light), "hat")


def paint_earrings(scene: Scene) -> None:
    """Paint an earring under every visible ear."""
    canvas, earrings = scene.canvas, scene.geometry.earrings
    if earrings is None:
        return
    ears = scene.geometry.ears
    for side, name in SIDES:
        lobe = canvas.project(side * (scene.geometry.outline.width + 0.01), 0.05 + 0.95 * ears.size, -0.06)
        patch = canvas.patch(lobe.x - 0.2, lobe.y - 0.1, lobe.x + 0.2, lobe.y + 0.3)
        if not canvas.has_label(patch, f"{name}_ear").any():
            continue
        x, y = patch.x - lobe.x, patch.y - lobe.y - 0.02
        size, drop = earrings.size, earrings.drop
        field = ellipse(x, y - drop, size, 1.15 * size)
        if drop > 0.05:
            field = np.minimum(field, capsule(x, y, (0.0, 0.0, 0.016), (0.0, drop, 0.016)))
        light = scene.lambert(x / size, (y - drop) / size, 0.7) + 0.1
        colour = tone(scene.style.jewellery, light)
        glint = bump(x - 0.3 * size * scene.light[0], y - drop + 0.3 * size, 0.3 * size, 0.3 * size)
        covered = coverage(field) * visible_beside_face(scene, patch, lobe.depth)
        canvas.paint(patch, covered, colour + glint * (1.0 - colour), "ear_r")


def paint_necklace(scene: Scene) -> None:
    """Paint a chain of beads around the neck, with a pendant."""
    canvas, necklace, body = scene.canvas, scene.geometry.necklace, scene.geometry.body
    if necklace is None:
        return
    patch = canvas.patch(-0.8, 0.5, 0.8, 1.6)
    x, y = patch.x - shoulder_axis(scene), patch.y
    side = x / body.neck
    lowest = body.shoulders - 0.05 + necklace.depth
    chain = np.abs(y - lowest + (0.10 + necklace.depth) * side * side) - necklace.thickness
    field = np.maximum(chain, (np.abs(side) - 0.95) * 0.3)
    if necklace.pendant:
        size = necklace.pendant
        field = np.minimum(field, ellipse(x, y - lowest - 1.1 * size, 0.9 * size, 1.2 * size))
    beads = 0.8 + 0.3 * np.cos(x * 60.0) * min(1.0, canvas.unit / 60.0)
    light = scene.lambert(0.5 * side, (y - lowest) * 8.0, 1.0) * beads + 0.1
    canvas.paint(patch, coverage(field), tone(scene.style.jewellery, light), "neck_l")
