"""Parts of held-out faces in other held-out faces, with true results."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from data_pipeline.synthetic_faces import render
from launch.held_out_faces import HeldOutFace, held_out_faces
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


class Transplant(NamedTuple):
    """Two faces, a region, 1 inside, and the first face's photo with the other's part there."""

    own: HeldOutFace
    exemplar: HeldOutFace
    region: UInt8[np.ndarray, "n n"]
    truth: UInt8[np.ndarray, "n n 3"]

    @property
    def matched(self) -> UInt8[np.ndarray, "n n 3"]:
        """The exemplar in colours that suit the photo's skin."""
        return match_colours(self.exemplar, self.own)


def match_colours(exemplar: HeldOutFace, own: HeldOutFace) -> UInt8[np.ndarray, "n n 3"]:
    """Return an exemplar in colours that suit the skin of another face."""
    return match_skin(exemplar.photo, exemplar.mask, own.photo, own.mask)


def held_out_transplants(part: str, seed: int, size: int, count: int) -> list[Transplant]:
    """Return transplants of a part between successive test faces that both show it.

    Pairs are left out where the part would, in the true result, reach out of the region.

    Args:
      part: key of `PARTS`.
      seed: of the faces.
      size: of the pictures in px.
      count: how many.
    """
    showing = (each for each in held_out_faces(seed, size) if box_of(each.mask, part))
    transplants = (_transplant(part, own, exemplar) for exemplar, own in pairwise(showing))
    return list(islice(filter(None, transplants), count))


def _transplant(part: str, own: HeldOutFace, exemplar: HeldOutFace) -> Transplant | None:
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
