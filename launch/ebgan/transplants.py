"""Parts of held-out faces in other held-out faces, with true results."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from data_pipeline.synthetic_faces import Face, face, render, split_of
from maskgan_jax.editing.regions import box_of, region_of_parts

STYLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"mouth": ("lips", "lipstick"), "eyes": ("iris", "lashes", "eye_shadow", "eye_shadow_strength"), "nose": ()}
)
"""Parts that are transplanted, with the fields of a rendered face's style that belong to each; its shape does too."""


class Transplant(NamedTuple):
    """A photo, an exemplar, and the photo with a part of the exemplar; pixels uint8, the region is 1 inside."""

    photo: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"]
    exemplar: UInt8[np.ndarray, "n n 3"]
    exemplar_mask: UInt8[np.ndarray, "n n"]
    region: UInt8[np.ndarray, "n n"]
    truth: UInt8[np.ndarray, "n n 3"]


def held_out_transplants(part: str, seed: int, size: int, count: int) -> list[Transplant]:
    """Return transplants of a part between successive test faces that both show it.

    Args:
      part: key of `STYLES`.
      seed: of the faces.
      size: of the pictures in px.
      count: how many.
    """
    transplants, exemplar, index = [], None, 0
    while len(transplants) < count:
        if split_of(index) == "test":
            original = face(seed, index)
            photo, mask = render(original.geometry, original.style, size)
            if box_of(mask, part):
                if exemplar is not None:
                    transplants.append(_transplant(part, original, photo, mask, *exemplar))
                exemplar = original, photo, mask
        index += 1
    return transplants


def _transplant(
    part: str,
    original: Face,
    photo: UInt8[np.ndarray, "n n 3"],
    mask: UInt8[np.ndarray, "n n"],
    other: Face,
    other_photo: UInt8[np.ndarray, "n n 3"],
    other_mask: UInt8[np.ndarray, "n n"],
) -> Transplant:
    region = region_of_parts(mask, other_mask, [part])
    geometry = replace(original.geometry, **{part: getattr(other.geometry, part)})
    style = replace(original.style, **{name: getattr(other.style, name) for name in STYLES[part]})
    changed, _ = render(geometry, style, len(photo))
    truth = np.where(region[..., None], changed, photo)
    return Transplant(photo, mask, other_photo, other_mask, region.astype(np.uint8), truth)
