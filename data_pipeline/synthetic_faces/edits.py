"""Edits of a face by name; the true result of an edit is the edited geometry rendered in the unchanged style.

An edit changes only parts whose colours are visible in the unedited face; pose, clothes and accessories stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from data_pipeline.synthetic_faces.geometry import Geometry

Edit = Callable[[Geometry], Geometry]

_SHOULDER_LENGTH = 0.9


def smile(geometry: Geometry) -> Geometry:
    """Lift the corners of the mouth and open it to show teeth."""
    mouth = geometry.mouth
    corners = min(max(mouth.smile + 0.7, 0.9), 1.5)
    return replace(geometry, mouth=replace(mouth, smile=corners, opening=max(mouth.opening + 0.015, 0.05)))


def open_mouth(geometry: Geometry) -> Geometry:
    """Lower the lower lip."""
    return replace(geometry, mouth=replace(geometry.mouth, opening=geometry.mouth.opening + 0.08))


def bigger_eyes(geometry: Geometry) -> Geometry:
    """Open the eyes wider."""
    eyes = geometry.eyes
    return replace(geometry, eyes=replace(eyes, width=1.15 * eyes.width, opening=1.55 * eyes.opening))


def raise_brows(geometry: Geometry) -> Geometry:
    """Lift the brows."""
    brows = geometry.brows
    return replace(geometry, brows=replace(brows, height=brows.height + 0.05, arch=brows.arch + 0.015))


def bigger_nose(geometry: Geometry) -> Geometry:
    """Make the nose wider and a little longer."""
    nose = geometry.nose
    return replace(geometry, nose=replace(nose, width=1.35 * nose.width, length=nose.length + 0.03))


def rounder_face(geometry: Geometry) -> Geometry:
    """Make cheeks and jaw wider."""
    outline = geometry.outline
    return replace(geometry, outline=replace(outline, width=1.09 * outline.width, taper=0.02, jaw=outline.jaw + 0.2))


def narrower_face(geometry: Geometry) -> Geometry:
    """Make cheeks and jaw narrower."""
    outline = geometry.outline
    return replace(geometry, outline=replace(outline, width=0.91 * outline.width, taper=outline.taper + 0.08))


def longer_hair(geometry: Geometry) -> Geometry:
    """Make the hair longer: short hair down to the jaw, long hair further down and wider."""
    hair = geometry.hair
    if hair.length >= _SHOULDER_LENGTH:
        longer = replace(hair, side=hair.side + 0.06, flare=hair.flare + 0.25, length=hair.length + 0.2)
    elif hair.kind in ("bob", "long", "curly"):
        longer = replace(hair, length=hair.length + 0.4)
    else:
        longer = replace(hair, kind="bob", length=0.7, top=max(hair.top, 0.05), side=hair.side + 0.06, flare=0.15)
    return replace(geometry, hair=longer)


def shorter_hair(geometry: Geometry) -> Geometry:
    """Make the hair shorter: long hair down to above the jaw, short hair close to the skull."""
    hair = geometry.hair
    if hair.length > 0.45:
        shorter = replace(hair, length=max(hair.length - 0.5, 0.3))
    elif hair.kind == "bun":
        shorter = replace(hair, kind="short")
    else:
        shorter = replace(
            hair, top=0.3 * hair.top, side=0.2 * hair.side, length=0.3 * hair.length, hairline=hair.hairline - 0.03
        )
    return replace(geometry, hair=shorter)


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        edit.__name__: edit
        for edit in (
            smile, open_mouth, bigger_eyes, raise_brows, bigger_nose, rounder_face, narrower_face,
            longer_hair, shorter_hair,
        )
    }
)  # fmt: skip
"""Every edit by its name."""
