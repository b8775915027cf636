"""Parts of held-out faces in other held-out faces, with true results."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8

from data_pipeline.synthetic_faces import Face, face, render, split_of
from data_pipeline.synthetic_faces.attributes import attributes_of
from maskgan_jax.editing.colours import match_skin
from maskgan_jax.editing.parts import REGION_PARTS
from maskgan_jax.editing.regions import box_of, region_of_parts


class Part(NamedTuple):
    """Fields of a rendered face's geometry and style that make up a part."""

    geometry: tuple[str, ...]
    style: tuple[str, ...]


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "mouth": Part(("mouth",), ("lips", "lipstick")),
        "eyes": Part(("eyes", "glasses"), ("iris", "lashes", "eye_shadow", "eye_shadow_strength", "glasses")),
        "nose": Part(("nose",), ()),
    }
)
"""Parts that are transplanted."""


class Rendered(NamedTuple):
    """A rendered face: its parameters, photo, label map and CelebA's attributes."""

    face: Face
    photo: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"]
    attributes: Int8[np.ndarray, "40"]


class Transplant(NamedTuple):
    """Two faces, a region, 1 inside, and the first face's photo with the other's part there."""

    own: Rendered
    exemplar: Rendered
    region: UInt8[np.ndarray, "n n"]
    truth: UInt8[np.ndarray, "n n 3"]

    @property
    def matched(self) -> UInt8[np.ndarray, "n n 3"]:
        """The exemplar in colours that suit the photo's skin."""
        return match_colours(self.exemplar, self.own)


def match_colours(exemplar: Rendered, own: Rendered) -> UInt8[np.ndarray, "n n 3"]:
    """Return an exemplar in colours that suit the skin of another face."""
    return match_skin(exemplar.photo, exemplar.mask, own.photo, own.mask)


def rendered(seed: int, index: int, size: int) -> Rendered:
    """Render face number `index` of a seed."""
    parameters = face(seed, index)
    photo, mask = render(parameters.geometry, parameters.style, size)
    return Rendered(parameters, photo, mask, attributes_of(parameters.geometry, parameters.style))


def held_out_transplants(part: str, seed: int, size: int, count: int) -> list[Transplant]:
    """Return transplants of a part between successive test faces that both show it.

    Pairs are left out where the part would, in the true result, reach out of the region.

    Args:
      part: key of `PARTS`.
      seed: of the faces.
      size: of the pictures in px.
      count: how many.
    """
    transplants, exemplar, index = [], None, 0
    while len(transplants) < count:
        if split_of(index) == "test":
            own = rendered(seed, index, size)
            if box_of(own.mask, part):
                if exemplar is not None and (transplant := _transplant(part, own, exemplar)):
                    transplants.append(transplant)
                exemplar = own
        index += 1
    return transplants


def _transplant(part: str, own: Rendered, exemplar: Rendered) -> Transplant | None:
    region = region_of_parts(own.mask, exemplar.mask, [part])
    fields = PARTS[part]
    geometry, style = own.face.geometry, own.face.style
    geometry = replace(geometry, **{name: getattr(exemplar.face.geometry, name) for name in fields.geometry})
    style = replace(style, **{name: getattr(exemplar.face.style, name) for name in fields.style})
    photo, mask = render(geometry, style, len(own.photo))
    if (np.isin(mask, REGION_PARTS[part]) & ~region).any():
        return None
    truth = np.where(region[..., None], photo, own.photo)
    return Transplant(own, exemplar, region.astype(np.uint8), truth)
