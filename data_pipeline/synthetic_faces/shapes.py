"""Implicit shapes: functions of coordinates that are negative inside, and the share of a pixel that they cover.

Coordinates are float32 arrays that broadcast against each other.
"""

import numpy as np
from jaxtyping import Float32

Field = Float32[np.ndarray, "#h #w"]
"""Numbers over a patch of the image, float32; an axis of length 1 broadcasts."""

_FLAT = 1e-6


def coverage(field: Field, blur: float = 1.0) -> Field:
    """Compute the share of each pixel inside an implicit shape, 0..1; at least 0.5 exactly where `field` <= 0.

    Args:
      field: any smooth function at the pixels' centres, negative inside; its own slope gives the distance to its edge.
      blur: width of the edge in pixels, at least 1 of them.
    """
    down, right = slopes(field)
    steepness = np.sqrt(down * down + right * right)
    return np.clip(0.5 - field / (np.maximum(steepness, _FLAT) * max(blur, 1.0)), 0.0, 1.0)


def slopes(field: Field) -> tuple[Field, Field]:
    """Compute the change of a field per pixel, downwards and to the right."""
    down = np.empty_like(field)
    right = np.empty_like(field)
    np.subtract(field[2:], field[:-2], out=down[1:-1])
    np.subtract(field[:, 2:], field[:, :-2], out=right[:, 1:-1])
    down[1:-1] *= 0.5
    right[:, 1:-1] *= 0.5
    down[0], down[-1] = field[1] - field[0], field[-1] - field[-2]
    right[:, 0], right[:, -1] = field[:, 1] - field[:, 0], field[:, -1] - field[:, -2]
    return down, right


def smooth(field: Field, inside: float, outside: float) -> Field:
    """Return 1 where `field` is at most `inside`, 0 from `outside` on, a smooth step between."""
    t = np.clip((field - outside) / (inside - outside), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def ellipse(x: Field, y: Field, width: float, height: float) -> Field:
    """Compute the signed distance (near the edge) to an ellipse around the origin with these half-axes."""
    return (np.sqrt((x / width) ** 2 + (y / height) ** 2) - 1.0) * min(width, height)


def superellipse(x: Field, y: Field, width: float, height: float, power: float) -> Field:
    """Compute |x / width|^power + |y / height|^power - 1: a diamond at 1, an ellipse at 2, nearly a box at 6."""
    return np.abs(x / width) ** power + np.abs(y / height) ** power - 1.0


def capsule(x: Field, y: Field, start: tuple[float, float, float], end: tuple[float, float, float]) -> Field:
    """Compute the distance to a stroke from `start` to `end`, both (x, y, half-width); its width changes linearly."""
    (x0, y0, r0), (x1, y1, r1) = start, end
    dx, dy = x1 - x0, y1 - y0
    t = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
    return np.sqrt((x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2) - (r0 + t * (r1 - r0))


def intersection(first: Field, second: Field, radius: float) -> Field:
    """Return the intersection of two implicit shapes, corners rounded by `radius` in the fields' units."""
    corner = np.sqrt(np.maximum(first + radius, 0.0) ** 2 + np.maximum(second + radius, 0.0) ** 2)
    return np.minimum(np.maximum(first, second), -radius) + corner


def bump(x: Field | float, y: Field | float, width: float, height: float) -> Field:
    """Compute a Gaussian of height 1 around the origin with these standard deviations."""
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))
