"""The distribution of geometries."""

import math

import numpy as np

from data_pipeline.synthetic_faces.geometry import (
    Body,
    Brows,
    Collar,
    Earrings,
    Ears,
    Eyes,
    Geometry,
    Glasses,
    Hair,
    HairKind,
    Hat,
    HatKind,
    Mouth,
    Necklace,
    Nose,
    Outline,
    Pose,
)  # fmt: skip

_HAIR_KINDS: dict[HairKind, float] = {
    "bald": 0.04, "receding": 0.08, "short": 0.27, "bob": 0.16, "long": 0.27, "bun": 0.08, "curly": 0.10,
}  # fmt: skip
_COLLARS: dict[Collar, float] = {"round": 0.35, "v": 0.3, "shirt": 0.2, "turtleneck": 0.15}
_HATS: tuple[HatKind, ...] = ("beanie", "cap", "brim")


def _normal(rng: np.random.Generator, mean: float, deviation: float, limit: float) -> float:
    return mean + math.copysign(min(abs(step := rng.normal(0.0, deviation)), limit), step)


def _sample_hair(rng: np.random.Generator, kind: HairKind) -> Hair:
    """Sample hair of one kind."""
    uniform = rng.uniform
    has_fringe = kind in ("short", "bob", "long") and rng.random() < 0.3
    top, side, length, flare, over_ears = {
        "bald": (0.0, 0.0, 0.0, 0.0, False),
        "receding": (0.02, uniform(0.01, 0.04), uniform(0.08, 0.2), -0.1, False),
        "short": (uniform(0.06, 0.2), uniform(0.025, 0.09), uniform(0.06, 0.2), -0.1, False),
        "bob": (uniform(0.06, 0.13), uniform(0.06, 0.14), uniform(0.42, 0.78), uniform(0.0, 0.3), rng.random() < 0.7),
        "long": (uniform(0.06, 0.13), uniform(0.05, 0.13), uniform(0.9, 1.3), uniform(0.05, 0.4), rng.random() < 0.6),
        "bun": (uniform(0.03, 0.06), uniform(0.01, 0.03), uniform(0.02, 0.1), -0.1, False),
        "curly": (uniform(0.14, 0.26), uniform(0.1, 0.24), uniform(0.12, 0.75), uniform(-0.1, 0.2), rng.random() < 0.5),
    }[kind]
    return Hair(
        kind=kind,
        top=top,
        side=side,
        length=length,
        flare=flare,
        hairline=uniform(-0.6, -0.55) if kind == "receding" else uniform(-0.52, -0.42),
        fringe=uniform(0.6, 1.0) if has_fringe else 0.0,
        part=uniform(-1.0, 1.0),
        over_ears=over_ears,
        wave=0.0 if kind in ("short", "bun") or rng.random() < 0.5 else uniform(0.3, 1.0),
        tufts=uniform(0.0, 64.0),
    )


def sample_geometry(rng: np.random.Generator) -> Geometry:
    """Sample a geometry; its parts are independent of each other.

    A small change of a parameter is a small change of the image.
    """
    uniform = rng.uniform
    outline = Outline(
        width=uniform(0.445, 0.525),
        chin=uniform(0.74, 0.85),
        jaw=uniform(1.95, 2.5),
        taper=uniform(0.02, 0.2),
        skull=uniform(-0.74, -0.66),
    )
    hair = _sample_hair(rng, rng.choice(list(_HAIR_KINDS), p=list(_HAIR_KINDS.values())).item())
    is_laughing = rng.random() < 0.4
    smile = uniform(0.4, 1.0) if is_laughing else uniform(-0.25, 0.4)
    is_open = rng.random() < (0.65 if is_laughing else 0.2)
    nose_length = uniform(0.23, 0.3)
    return Geometry(
        pose=Pose(
            yaw=_normal(rng, 0.0, 13.0, 32.0),
            pitch=_normal(rng, 0.0, 5.0, 12.0),
            roll=_normal(rng, 0.0, 4.0, 11.0),
            scale=uniform(0.9, 1.02),
            dx=uniform(-0.03, 0.03),
            dy=uniform(-0.09, -0.03),
        ),
        outline=outline,
        eyes=Eyes(
            spacing=uniform(0.2, 0.23),
            width=uniform(0.09, 0.108),
            opening=uniform(0.028, 0.052),
            slant=uniform(-0.08, 0.16),
            gaze_x=uniform(-0.25, 0.25),
            gaze_y=uniform(-0.15, 0.15),
        ),
        brows=Brows(
            height=uniform(0.115, 0.155),
            thickness=uniform(0.014, 0.032),
            arch=uniform(0.01, 0.05),
            tilt=uniform(-0.12, 0.12),
            width=uniform(0.115, 0.145),
        ),
        nose=Nose(length=nose_length, width=uniform(0.08, 0.118), bridge=uniform(0.03, 0.042)),
        mouth=Mouth(
            y=nose_length + uniform(0.18, 0.215),
            width=uniform(0.15, 0.185),
            smile=smile,
            opening=uniform(0.03, 0.1) if is_open else 0.0,
            upper=uniform(0.024, 0.042),
            lower=uniform(0.036, 0.06),
        ),
        ears=Ears(size=uniform(0.095, 0.125), out=uniform(0.01, 0.04)),
        hair=hair,
        body=Body(
            neck=outline.width * uniform(0.62, 0.78),
            shoulders=outline.chin + uniform(0.1, 0.17),
            slope=uniform(0.16, 0.4),
            collar=rng.choice(list(_COLLARS), p=list(_COLLARS.values())).item(),
            depth=uniform(0.04, 0.2),
        ),
        glasses=Glasses(
            width=uniform(0.135, 0.165),
            height=uniform(0.09, 0.13),
            roundness=uniform(2.0, 4.5),
            thickness=uniform(0.014, 0.026),
        )
        if rng.random() < 0.15
        else None,
        hat=Hat(kind=_HATS[rng.integers(3)], height=uniform(0.1, 0.2), edge=uniform(-0.42, -0.34))
        if rng.random() < 0.12
        else None,
        earrings=Earrings(size=uniform(0.03, 0.045), drop=uniform(0.0, 0.12)) if rng.random() < 0.25 else None,
        necklace=Necklace(depth=uniform(0.03, 0.1), thickness=uniform(0.016, 0.024), pendant=uniform(0.0, 0.045))
        if rng.random() < 0.25
        else None,
    )
