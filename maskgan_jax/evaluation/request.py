"""What every method gets and returns, whatever system it is of."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8


class Request(NamedTuple):
    """Photos to edit, with leading batch axes or none.

    Attributes:
      photo: the target, I^t.
      mask: its label map, M^t.
      source_photo: the photo that the edit comes from.
      source_mask: its label map, M^src.
      edited_mask: the label map to generate from.
    """

    photo: UInt8[np.ndarray, "*b n n 3"]
    mask: UInt8[np.ndarray, "*b n n"]
    source_photo: UInt8[np.ndarray, "*b n n 3"]
    source_mask: UInt8[np.ndarray, "*b n n"]
    edited_mask: UInt8[np.ndarray, "*b n n"]


Method = Callable[[Request], UInt8[np.ndarray, "b n n 3"]]
"""Generates a batch of requests: the one thing that a system offers to be evaluated."""


def stack(requests: Sequence[Request]) -> Request:
    """Return requests as one batch."""
    return Request(*map(np.stack, zip(*requests, strict=True)))
