"""The style of a face: colours, make-up, light and texture, independent of its geometry.

Colours are (red, green, blue) in 0..1.
"""

import colorsys
import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import betaincinv

Colour = tuple[float, float, float]
HairColour = Literal["black", "brown", "blond", "grey", "red"]

_SKIN = np.array([(0.97, 0.83, 0.75), (0.92, 0.74, 0.62), (0.82, 0.60, 0.46), (0.62, 0.42, 0.30), (0.42, 0.27, 0.20)])
_HAIR: dict[HairColour, tuple[Colour, Colour]] = {
    "black": ((0.06, 0.05, 0.05), (0.13, 0.10, 0.09)),
    "brown": ((0.22, 0.13, 0.08), (0.42, 0.27, 0.17)),
    "blond": ((0.66, 0.49, 0.28), (0.90, 0.77, 0.52)),
    "grey": ((0.48, 0.47, 0.46), (0.80, 0.79, 0.77)),
    "red": ((0.42, 0.16, 0.08), (0.62, 0.28, 0.13)),
}
_TONES = (0.8, 1.7)
"""Parameters of the beta distribution of skins, from the lightest to the darkest."""
_HAIR_SHARE = (0.3, 0.34, 0.18, 0.1, 0.08)
_IRIS: tuple[Colour, ...] = (
    (0.24, 0.14, 0.08),
    (0.40, 0.25, 0.12),
    (0.36, 0.40, 0.22),
    (0.30, 0.45, 0.60),
    (0.45, 0.50, 0.53),
)
_JEWELLERY: tuple[Colour, ...] = ((0.86, 0.68, 0.28), (0.80, 0.82, 0.86), (0.80, 0.25, 0.30), (0.25, 0.55, 0.62))


@dataclass(frozen=True)
class Style:
    skin: Colour
    hair: Colour
    hair_colour: HairColour
    iris: Colour
    lips: Colour
    lipstick: float
    eye_shadow: Colour
    eye_shadow_strength: float
    lashes: float
    blush: float
    freckles: float
    stubble: float
    clothes: Colour
    clothes_second: Colour
    stripes: float
    """Stripes per head unit; 0 is plain."""
    background: tuple[Colour, Colour]
    background_angle: float
    background_blobs: float
    hat: Colour
    glasses: Colour
    jewellery: Colour
    light_azimuth: float
    """Radians: 0 from the front, positive from the right of the image."""
    light_elevation: float
    """Radians, positive from above."""
    light_strength: float
    strand_frequency: float
    strand_contrast: float
    sheen: float
    noise_seed: int


class Ranks(NamedTuple):
    """Where some of a style's values lie in their distributions, 0..1.

    Attributes:
      make_up: the highest 0.4 wear it.
      skin: from the lightest to the darkest.
      stubble: the highest quarter of those without make-up have it.
    """

    make_up: float
    skin: float
    stubble: float


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours, with `share` (0..1) of the second."""
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))


def _vivid(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))


def _skin(rng: np.random.Generator, rank: float | None) -> Colour:
    tone = (rng.beta(*_TONES) if rank is None else betaincinv(*_TONES, rank)) * (len(_SKIN) - 1)
    jitter = rng.uniform(-0.025, 0.025, 3)
    colour = [np.interp(tone, range(len(_SKIN)), channel) for channel in _SKIN.T] + jitter
    return tuple(np.clip(colour, 0.0, 1.0).tolist())


def sample_style(rng: np.random.Generator, ranks: Ranks | None = None) -> Style:
    """Sample a style, with the values that have ranks at these."""
    uniform = rng.uniform
    skin = _skin(rng, ranks and ranks.skin)
    hair_colour: HairColour = rng.choice(list(_HAIR), p=_HAIR_SHARE).item()
    has_make_up = rng.random() < 0.4 if ranks is None else ranks.make_up > 0.6
    lipstick = uniform(0.4, 0.9) if has_make_up else 0.0
    natural_lips = mix(mix(skin, (0.72, 0.28, 0.30), 0.45), (0.3, 0.1, 0.1), 0.08)
    painted = colorsys.hsv_to_rgb(uniform(0.90, 1.02) % 1.0, uniform(0.6, 0.85), uniform(0.5, 0.85))
    return Style(
        skin=skin,
        hair=mix(*_HAIR[hair_colour], rng.random()),
        hair_colour=hair_colour,
        iris=_IRIS[rng.choice(len(_IRIS), p=(0.34, 0.22, 0.14, 0.2, 0.1))],
        lips=mix(natural_lips, painted, lipstick),
        lipstick=lipstick,
        eye_shadow=_vivid(rng, (0.25, 0.6), (0.2, 0.6)),
        eye_shadow_strength=uniform(0.25, 0.65) if has_make_up and rng.random() < 0.75 else 0.0,
        lashes=uniform(0.7, 1.0) if has_make_up else uniform(0.1, 0.5),
        blush=uniform(0.3, 1.0) if has_make_up and rng.random() < 0.6 else uniform(0.0, 0.25),
        freckles=uniform(0.4, 1.0) if rng.random() < 0.12 else 0.0,
        stubble=uniform(0.2, 0.7)
        if not has_make_up and (rng.random() < 0.25 if ranks is None else ranks.stubble > 0.75)
        else 0.0,
        clothes=_vivid(rng, (0.05, 0.75), (0.12, 0.95)),
        clothes_second=_vivid(rng, (0.05, 0.6), (0.2, 0.95)),
        stripes=uniform(8.0, 16.0) if rng.random() < 0.2 else 0.0,
        background=(_vivid(rng, (0.05, 0.6), (0.15, 0.95)), _vivid(rng, (0.05, 0.5), (0.15, 0.95))),
        background_angle=uniform(0.0, 2 * math.pi),
        background_blobs=uniform(0.0, 1.0),
        hat=_vivid(rng, (0.1, 0.8), (0.12, 0.9)),
        glasses=_vivid(rng, (0.1, 0.7), (0.05, 0.3)),
        jewellery=_JEWELLERY[rng.integers(len(_JEWELLERY))],
        light_azimuth=uniform(-0.95, 0.95),
        light_elevation=uniform(0.1, 0.8),
        light_strength=uniform(0.35, 0.7),
        strand_frequency=uniform(26.0, 46.0),
        strand_contrast=uniform(0.25, 0.6),
        sheen=uniform(0.1, 0.5),
        noise_seed=rng.integers(2**31).item(),
    )
