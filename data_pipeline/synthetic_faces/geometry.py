"""The geometry of a face: pose, shapes and accessories, without colours.

Lengths are in head units: the head's origin is between the eyes, x is to the right of the image, y down, z towards the
viewer; the chin is near y = 0.8 and a cheek near x = 0.47. Widths are half-widths. Angles are in degrees.
"""

from dataclasses import dataclass
from typing import Literal

HairKind = Literal["bald", "receding", "short", "bob", "long", "bun", "curly"]
HatKind = Literal["beanie", "cap", "brim"]
Collar = Literal["round", "v", "shirt", "turtleneck"]


@dataclass(frozen=True)
class Pose:
    """Head pose; positive yaw turns to the right of the image, positive pitch up, positive roll clockwise."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    dx: float
    dy: float


@dataclass(frozen=True)
class Outline:
    width: float
    chin: float
    jaw: float
    """Exponent of the jaw's curve: 1.9 pointed, 2.8 square."""
    taper: float
    """How much narrower the jaw is than the cheeks, 0..0.3."""
    skull: float


@dataclass(frozen=True)
class Eyes:
    spacing: float
    width: float
    opening: float
    slant: float
    gaze_x: float
    gaze_y: float


@dataclass(frozen=True)
class Brows:
    height: float
    thickness: float
    arch: float
    tilt: float
    width: float


@dataclass(frozen=True)
class Nose:
    length: float
    width: float
    bridge: float


@dataclass(frozen=True)
class Mouth:
    y: float
    width: float
    smile: float
    """-0.4 sad to 1.2 laughing."""
    opening: float
    upper: float
    lower: float


@dataclass(frozen=True)
class Ears:
    size: float
    out: float


@dataclass(frozen=True)
class Hair:
    kind: HairKind
    top: float
    """Height of the hair over the skull."""
    side: float
    """Thickness of the hair beside the skull."""
    length: float
    """y at which the hair ends."""
    flare: float
    """Relative widening of the hair from top to bottom."""
    hairline: float
    fringe: float
    """0 none to 1 down to the brows."""
    part: float
    """-1 parted on the left of the image to 1 on the right."""
    over_ears: bool
    wave: float
    tufts: float
    """Offset into the random outlines of the tufts, 0..64."""


@dataclass(frozen=True)
class Glasses:
    width: float
    height: float
    roundness: float
    """Exponent of the lens: 2 round, 5 square."""
    thickness: float


@dataclass(frozen=True)
class Hat:
    kind: HatKind
    height: float
    edge: float
    """y of the hat's lower edge at the middle of the forehead."""


@dataclass(frozen=True)
class Earrings:
    size: float
    drop: float


@dataclass(frozen=True)
class Necklace:
    depth: float
    thickness: float
    pendant: float


@dataclass(frozen=True)
class Body:
    neck: float
    shoulders: float
    """y at which the shoulders begin."""
    slope: float
    collar: Collar
    depth: float


@dataclass(frozen=True)
class Geometry:
    pose: Pose
    outline: Outline
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    ears: Ears
    hair: Hair
    body: Body
    glasses: Glasses | None = None
    hat: Hat | None = None
    earrings: Earrings | None = None
    necklace: Necklace | None = None
