"""Transfers of a part's appearance between held-out faces, with true results, and simple ways to make them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8

from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import render
from launch.held_out_faces import HeldOutFace, held_out_faces
from maskgan_jax.evaluation.image_quality import psnr


class Part(NamedTuple):
    """A part of a face.

    Attributes:
      classes: that show it.
      style: fields of a rendered face's style that make its appearance; light is the photo's.
    """

    classes: tuple[str, ...]
    style: tuple[str, ...]


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "hair": Part(("hair",), ("hair", "strand_frequency", "strand_contrast", "sheen")),
        "skin": Part(("skin", "nose", "l_brow", "r_brow"), ("skin", "hair", "blush", "freckles", "stubble")),
        "mouth": Part(("mouth", "u_lip", "l_lip"), ("lips", "lipstick")),
        "eyes": Part(("l_eye", "r_eye"), ("iris", "lashes")),
    }
)
"""Of these the brows, and stubble, have the colour of the hair."""


class Transfer(NamedTuple):
    """A photo, a reference and the photo with the reference's appearance of a part; pixels uint8."""

    part: str
    photo: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"]
    reference_photo: UInt8[np.ndarray, "n n 3"]
    reference_mask: UInt8[np.ndarray, "n n"]
    truth: UInt8[np.ndarray, "n n 3"]

    @property
    def region(self) -> Bool[np.ndarray, "n n"]:
        """Where the photo shows the part."""
        return shows(self.mask, self.part)


def shows(mask: UInt8[np.ndarray, "n n"], part: str) -> Bool[np.ndarray, "n n"]:
    """Return where a label map shows a part."""
    return np.isin(mask, [CLASSES.index(name) for name in PARTS[part].classes])


def held_out_transfers(part: str, seed: int, size: int, count: int) -> list[Transfer]:
    """Return transfers between successive test faces that both show a part.

    Args:
      part: key of `PARTS`.
      seed: of the faces.
      size: of the pictures in px.
      count: how many.
    """
    showing = (each for each in held_out_faces(seed, size) if shows(each.mask, part).any())
    return [_transfer(part, own, reference) for reference, own in islice(pairwise(showing), count)]


def _transfer(part: str, own: HeldOutFace, reference: HeldOutFace) -> Transfer:
    style = replace(own.face.style, **{name: getattr(reference.face.style, name) for name in PARTS[part].style})
    restyled, _ = render(own.face.geometry, style, len(own.photo))
    truth = np.where(shows(own.mask, part)[..., None], restyled, own.photo)
    return Transfer(part, own.photo, own.mask, reference.photo, reference.mask, truth)


def baselines(transfers: Sequence[Transfer]) -> dict[str, list[UInt8[np.ndarray, "n n 3"]]]:
    """Return what needs no training.

    The photo unchanged; the part filled with its mean colour in the reference; the photo's own part, whose colours are
    shifted so that their mean is that in the reference.
    """
    painted, shifted = [], []
    for each in transfers:
        region, photo = each.region[..., None], each.photo.astype(float)
        wanted = _mean_colour(each.reference_photo, shows(each.reference_mask, each.part))
        moved = photo + wanted - _mean_colour(each.photo, each.region)
        painted.append(np.where(region, wanted, photo).round().astype(np.uint8))
        shifted.append(np.where(region, moved, photo).round().clip(0, 255).astype(np.uint8))
    return {
        "the photo left unchanged": [each.photo for each in transfers],
        "the part painted in the reference's mean colour": painted,
        "the part's colours shifted to the reference's mean": shifted,
    }


def scores(
    images: Sequence[UInt8[np.ndarray, "n n 3"]], transfers: Sequence[Transfer]
) -> Float[np.ndarray, "transfers 3"]:
    """Score results: PSNR in dB inside the part and outside it, against the true result; and 1 where colours moved.

    The last is 1 if the part's mean colour in the result is nearer to that in the reference than to that in the photo,
    else 0.
    """
    return np.array([_scores(image, transfer) for image, transfer in zip(images, transfers, strict=True)])


def _scores(image: UInt8[np.ndarray, "n n 3"], transfer: Transfer) -> tuple[float, float, float]:
    region = transfer.region
    result, own = (_mean_colour(each, region) for each in (image, transfer.photo))
    wanted = _mean_colour(transfer.reference_photo, shows(transfer.reference_mask, transfer.part))
    moved = np.linalg.norm(result - wanted) < np.linalg.norm(result - own)
    return psnr(image, transfer.truth, region), psnr(image, transfer.truth, ~region), float(moved)


def _mean_colour(photo: UInt8[np.ndarray, "n n 3"], region: Bool[np.ndarray, "n n"]) -> Float[np.ndarray, "3"]:
    return photo[region].mean(0)
