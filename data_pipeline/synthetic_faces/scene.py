"""What every paint function gets: canvas, face, light and noise."""

import math
from dataclasses import dataclass

import numpy as np

from data_pipeline.synthetic_faces.canvas import Canvas, Planes, planes
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.noise import Noise
from data_pipeline.synthetic_faces.shapes import Field, slopes
from data_pipeline.synthetic_faces.style import Colour, Style

_SHADOW_TINT = np.array([0.16, 0.04, 0.0], np.float32).reshape(3, 1, 1)


@dataclass(frozen=True)
class Scene:
    canvas: Canvas
    geometry: Geometry
    style: Style
    noise: Noise
    light: tuple[float, float, float]
    """Unit vector towards the light, in the head's plane."""

    def lit(self, height: Field) -> Field:
        """Compute the brightness of a matt surface from its height in px; about 1 facing the light."""
        down, right = slopes(height)
        return self.lambert(-right, -down, 1.0)

    def lambert(self, x: Field | float, y: Field | float, z: Field | float) -> Field:
        """Compute the brightness of a matt surface with these normals of any length."""
        towards = (x * self.light[0] + y * self.light[1] + z * self.light[2]) / np.sqrt(x * x + y * y + z * z)
        strength = self.style.light_strength
        return (1.14 - strength) + strength * np.maximum(towards, 0.0) ** 1.2


def make_scene(geometry: Geometry, style: Style, size: int) -> Scene:
    """Return the scene of a face with nothing painted."""
    canvas = Canvas(geometry.pose, size)
    azimuth, elevation = style.light_azimuth, style.light_elevation
    x, y = math.sin(azimuth) * math.cos(elevation), -math.sin(elevation)
    cos, sin = canvas.roll
    light = (x * cos + y * sin, y * cos - x * sin, math.cos(azimuth) * math.cos(elevation))
    return Scene(canvas, geometry, style, Noise(style.noise_seed), light)


def tone(colour: Colour | Planes, light: Field) -> Planes:
    """Return a colour under light of this brightness; shadows are warmer than the colour."""
    return planes(colour) * (light + _SHADOW_TINT * (1.0 - np.minimum(light, 1.0)))
