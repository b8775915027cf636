"""Random choice of the faces that new faces are made of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from data_pipeline.errors import UserError


class Pair(NamedTuple):
    """The mask that a face is generated for, and the faces that it has its styles from, by their numbers."""

    mask: int
    sources: tuple[int, ...]


def draw_sources(total: int, count: int, parts: int, seed: int) -> Int[np.ndarray, "n p"]:
    """Return for each new face the face that each of its parts is taken from; no two new faces are the same.

    Args:
      total: how many faces there are.
      count: how many new faces to make.
      parts: how many parts are drawn independently; 1: all are of one face.
      seed: of the draw.

    Raises:
      UserError: there are not so many different faces.
    """
    different = total**parts
    if count > different:
        remedy = "; give more photos, or mix their parts: --mix-parts" if parts == 1 else "; give more photos"
        raise UserError(f"--count={count}: {total} photos make {different} different faces{remedy}")
    drawn = np.random.default_rng(seed).choice(different, count, replace=False)
    return np.stack(np.unravel_index(drawn, (total,) * parts), axis=1)


def draw_pairs(groups: Sequence[Sequence[int]], count: int, parts: int, seed: int) -> list[Pair]:
    """Return masks, each as often as every other but for one, with random other faces of their groups.

    Args:
      groups: numbers of the faces that may take parts from each other; a face that is alone in its group is left out.
      count: how many pairs.
      parts: how many parts are drawn independently; 1: all are of one face.
      seed: of the draw.

    Raises:
      UserError: no face has another one in its group.
    """
    rng = np.random.default_rng(seed)
    places = [(group, place) for group in groups if len(group) > 1 for place in range(len(group))]
    if not places:
        raise UserError("no two photos to make a new face of: one gives the mask and another the face; add photos")
    order = rng.permutation(len(places))
    pairs = []
    for number in range(count):
        group, place = places[order[number % len(order)]]
        others = rng.integers(len(group) - 1, size=parts)
        sources = others + (others >= place)
        pairs.append(Pair(int(group[place]), tuple(int(group[source]) for source in sources)))
    return pairs
