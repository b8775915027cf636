"""What the gates of Att-EBGAN do: attributes of exemplars in other faces, let through and held back."""

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.errors import UserError
from launch.attribute_judge import Judge
from launch.ebgan.inpainter import Inpainter
from launch.ebgan.transplants import match_colours
from launch.held_out_faces import HeldOutFace, held_out_faces
from maskgan_jax.editing.regions import box_of, region_of_parts
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES, Home, covers, read_attributes

PAIRS = 100
"""Of each attribute."""

SEARCHED = 20
"""Faces that are looked at for each pair before an attribute counts as not to be found."""

PARTS: Mapping[Home, str] = MappingProxyType(
    {"mouth": "mouth", "moustache": "face", "lower_face": "face", "eyes": "eyes", "brows": "brows"}
)
"""The part whose box covers each home."""


class Pair(NamedTuple):
    """A face without an attribute, an exemplar with it, and a region that covers where it shows."""

    own: HeldOutFace
    exemplar: HeldOutFace
    region: UInt8[np.ndarray, "n n"]


def measure(inpainter: Inpainter, judge: Judge, seed: int) -> dict[str, dict[str, Float[np.ndarray, " n"]]]:
    """Return for every attribute of a run in which pictures of held-out faces the judge sees it.

    Exemplars have colours that suit the photo's skin, as in the edit command; gates are those of the true attributes.
    """
    return {name: _seen(inpainter, judge, name, seed) for name in inpainter.attributes}


def _seen(inpainter: Inpainter, judge: Judge, attribute: str, seed: int) -> dict[str, Float[np.ndarray, " n"]]:
    pairs = held_out_pairs(attribute, seed, inpainter.model.size)
    photos, masks, regions = zip(*((each.own.photo, each.own.mask, each.region) for each in pairs), strict=True)
    matched = [match_colours(each.exemplar, each.own) for each in pairs]
    has = [each.exemplar.attributes for each in pairs]
    codes = {
        "gate open": inpainter.encode(matched, regions, masks, has),
        "gate closed": inpainter.encode(matched, regions, masks, has, closed=[attribute]),
        "own code": inpainter.encode(photos, regions, masks, [each.own.attributes for each in pairs]),
    }
    images = {name: inpainter.inpaint(photos, regions, each) for name, each in codes.items()}
    images |= {"exemplars": [each.exemplar.photo for each in pairs], "photos": photos}
    return {name: _sees(judge, each, attribute) for name, each in images.items()}


def _sees(judge: Judge, photos: Sequence[np.ndarray], attribute: str) -> Float[np.ndarray, " n"]:
    """Return 1 for photos in which a judge sees an attribute of Att-EBGAN, else 0."""
    column, _, sign = ATTRIBUTES[attribute]
    return (sign * judge.logits(photos, column) > 0).astype(float)


def held_out_pairs(attribute: str, seed: int, size: int) -> list[Pair]:
    """Return pairs of test faces: the next one without an attribute beside the next one with it.

    Args:
      attribute: name among Att-EBGAN's.
      seed: of the faces.
      size: of the pictures in px.

    Raises:
      UserError: too few faces have it where a region covers it.
    """
    part, pairs, waiting = PARTS[ATTRIBUTES[attribute].home], [], {True: [], False: []}
    for each in islice(held_out_faces(seed, size), SEARCHED * PAIRS):
        if box_of(each.mask, part):
            has = read_attributes(each.attributes[None], [attribute])[0, 0] > 0
            waiting[bool(has)].append(each)
        if all(waiting.values()):
            own, exemplar = waiting[False].pop(0), waiting[True].pop(0)
            region = region_of_parts(own.mask, exemplar.mask, [part])
            if covers(region[None], own.mask[None], [attribute])[0, 0]:
                pairs.append(Pair(own, exemplar, region.astype(np.uint8)))
        if len(pairs) == PAIRS:
            return pairs
    raise UserError(f"config.attributes: {len(pairs)} pairs of rendered faces for {attribute}; leave it out")
