"""Edits of a face by name; the true result of one is the edited geometry rendered in the unchanged style.

An edit moves parts whose colours the face already shows and keeps pose, clothes and accessories as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from data_pipeline.synthetic_faces.geometry import Geometry

Edit = Callable[[Geometry], Geometry]

_SHOULDER_LENGTH = 0.9


def smile(geometry: Geometry) -> Geometry:
    """Lifts the corners of the mouth and shows teeth."""
    mouth = geometry.mouth
    corners = min(max(mouth.smile + 0.7, 0.9), 1.5)
    return replace(geometry, mouth=replace(mouth, smile=corners, opening=max(mouth.opening + 0.015, 0.05)))


def open_mouth(geometry: Geometry) -> Geometry:
    """Drops the lower lip."""
    return replace(geometry, mouth=replace(geometry.mouth, opening=geometry.mouth.opening + 0.08))


def bigger_eyes(geometry: Geometry) -> Geometry:
    """Opens the eyes wider."""
    eyes = geometry.eyes
    return replace(geometry, eyes=replace(eyes, width=1.15 * eyes.width, opening=1.55 * eyes.opening))


def raise_brows(geometry: Geometry) -> Geometry:
    """Lifts the brows."""
    brows = geometry.brows
    return replace(geometry, brows=replace(brows, height=brows.height + 0.05, arch=brows.arch + 0.015))


def bigger_nose(geometry: Geometry) -> Geometry:
    """Makes the nose wider and a little longer."""
    nose = geometry.nose
    return replace(geometry, nose=replace(nose, width=1.35 * nose.width, length=nose.length + 0.03))


def rounder_face(geometry: Geometry) -> Geometry:
    """Fills cheeks and jaw."""
    outline = geometry.outline
    return replace(geometry, outline=replace(outline, width=1.09 * outline.width, taper=0.02, jaw=outline.jaw + 0.2))


def narrower_face(geometry: Geometry) -> Geometry:
    """Takes from cheeks and jaw."""
    outline = geometry.outline
    return replace(geometry, outline=replace(outline, width=0.91 * outline.width, taper=outline.taper + 0.08))


def longer_hair(geometry: Geometry) -> Geometry:
    """Lets the hair grow: short hair down to the jaw, long hair further down and fuller."""
    hair = geometry.hair
    if hair.length >= _SHOULDER_LENGTH:
        grown = replace(hair, side=hair.side + 0.06, flare=hair.flare + 0.25, length=hair.length + 0.2)
    elif hair.kind in ("bob", "long", "curly"):
        grown = replace(hair, length=hair.length + 0.4)
    else:
        grown = replace(hair, kind="bob", length=0.7, top=max(hair.top, 0.05), side=hair.side + 0.06, flare=0.15)
    return replace(geometry, hair=grown)


def shorter_hair(geometry: Geometry) -> Geometry:
    """Cuts the hair: long hair above the jaw, short hair close to the skull."""
    hair = geometry.hair
    if hair.length > 0.45:
        cut = replace(hair, length=max(hair.length - 0.5, 0.3))
    elif hair.kind == "bun":
        cut = replace(hair, kind="short")
    else:
        cut = replace(
            hair, top=0.3 * hair.top, side=0.2 * hair.side, length=0.3 * hair.length, hairline=hair.hairline - 0.03
        )
    return replace(geometry, hair=cut)


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
