"""What the gates of Att-EBGAN do: attributes of exemplars in other faces, let through and held back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8

from data_pipeline import celeba_attributes
from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import face, render, split_of
from data_pipeline.synthetic_faces.attributes import attributes_of
from launch.ebgan.batches import in_batches
from launch.ebgan.inpainter import Inpainter
from maskgan_jax.editing.regions import region_of_parts
from maskgan_jax.inference.models import load_model
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES, Home, covers

PAIRS = 100
"""Of each attribute."""

PARTS: Mapping[Home, str] = MappingProxyType(
    {"mouth": "mouth", "moustache": "face", "lower_face": "face", "eyes": "eyes", "brows": "brows"}
)
"""The part whose box covers each home."""


class Pair(NamedTuple):
    """A photo without an attribute, an exemplar with it, and gates of all that it has and the region covers."""

    photo: UInt8[np.ndarray, "n n 3"]
    exemplar: UInt8[np.ndarray, "n n 3"]
    region: UInt8[np.ndarray, "n n"]
    gates: Float[np.ndarray, " k"]


class GateFigures(NamedTuple):
    """Shares of pictures in which the judge sees an attribute.

    Attributes:
      exemplars: that have it.
      photos: that don't.
      opened: results with every gate open that the exemplar's attributes open.
      closed: results with this attribute's gate closed.
      pairs: number of pairs.
    """

    exemplars: float
    photos: float
    opened: float
    closed: float
    pairs: int


class Judge:
    """A trained attribute classifier that had no part in the training of Att-EBGAN."""

    def __init__(self, run: Path):
        """Load it from a run."""
        model = load_model(run, ("classify",), "--runs")
        self._names = tuple(model.config.attributes)
        self._classify = model.compile("classify")

    def sees(self, photos: Sequence[np.ndarray], attribute: str) -> Bool[np.ndarray, " n"]:
        """Return in which photos it sees an attribute of Att-EBGAN."""
        column, _, sign = ATTRIBUTES[attribute]
        return sign * in_batches(self._classify, np.stack(photos))[:, self._names.index(column)] > 0


def measure(inpainter: Inpainter, judge: Judge, seed: int) -> dict[str, GateFigures]:
    """Measure every attribute of a trained run on held-out faces of a seed."""
    attributes = tuple(inpainter.model.config.attributes)
    size = inpainter.model.size
    return {name: _figures(inpainter, judge, name, held_out_pairs(attributes, name, seed, size)) for name in attributes}


def _figures(inpainter: Inpainter, judge: Judge, attribute: str, pairs: Sequence[Pair]) -> GateFigures:
    photos, exemplars, regions, gates = (np.stack(column) for column in zip(*pairs, strict=True))
    codes = inpainter.encode(exemplars, regions)
    closed = gates.copy()
    closed[:, list(inpainter.model.config.attributes).index(attribute)] = 0
    shown = (exemplars, photos, *(inpainter.inpaint(photos, regions, codes, each) for each in (gates, closed)))
    return GateFigures(*(float(judge.sees(each, attribute).mean()) for each in shown), len(pairs))


def held_out_pairs(attributes: Sequence[str], attribute: str, seed: int, size: int) -> list[Pair]:
    """Return pairs of test faces: the next one without an attribute beside the next one with it.

    Args:
      attributes: all of the run.
      attribute: the one in question.
      seed: of the faces.
      size: of the pictures in px.

    Raises:
      UserError: no face has it.
    """
    part, place = PARTS[ATTRIBUTES[attribute].home], list(attributes).index(attribute)
    pairs, waiting, index = [], {True: [], False: []}, 0
    while len(pairs) < PAIRS:
        if index > 100 * PAIRS and not pairs:
            raise UserError(f"config.attributes: rendered faces never show {attribute}")
        if split_of(index) == "test":
            original = face(seed, index)
            photo, mask = render(original.geometry, original.style, size)
            values = _values(attributes_of(original.geometry, original.style), attributes)
            waiting[bool(values[place] > 0)].append((photo, mask, values))
            if all(waiting.values()):
                pair = _pair(*waiting[False].pop(0), *waiting[True].pop(0), part, attributes)
                if pair.gates[place]:
                    pairs.append(pair)
        index += 1
    return pairs


def _pair(photo, mask, _, exemplar, exemplar_mask, values, part: str, attributes: Sequence[str]) -> Pair:
    region = region_of_parts(mask, exemplar_mask, [part])
    covered = np.asarray(covers(region[None], mask[None], attributes))[0]
    return Pair(photo, exemplar, region.astype(np.uint8), ((values > 0) & covered).astype(np.float32))


def _values(columns: np.ndarray, attributes: Sequence[str]) -> np.ndarray:
    places = [celeba_attributes.ATTRIBUTES.index(ATTRIBUTES[name].column) for name in attributes]
    return columns[places] * np.array([ATTRIBUTES[name].sign for name in attributes])
