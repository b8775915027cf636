"""Rendered faces that no network was trained on."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8

from data_pipeline.synthetic_faces import Face, face, render, split_of
from data_pipeline.synthetic_faces.attributes import attributes_of


class HeldOutFace(NamedTuple):
    """A rendered face: its parameters, photo, label map, and CelebA's attributes, 1 present, -1 absent."""

    face: Face
    photo: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"]
    attributes: Int8[np.ndarray, "40"]


def held_out_faces(seed: int, size: int, correlation: float = 0.0) -> Iterator[HeldOutFace]:
    """Yield the test faces of a seed in order, each when it is asked for; there is no end of them.

    Args:
      seed: of the faces.
      size: of the pictures in px.
      correlation: of the faces' styles with their geometries.
    """
    for index in itertools.count():
        if split_of(index) == "test":
            each = face(seed, index, correlation)
            photo, mask = render(each.geometry, each.style, size)
            yield HeldOutFace(each, photo, mask, attributes_of(each.geometry, each.style))
