"""The two tables of the paper as pairs, what is asked of a method for each, and what the result should show."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8

from data_pipeline import synthetic_faces
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.evaluation.pairs import Pair, paste_mouth
from maskgan_jax.evaluation.request import Request

Example = tuple[UInt8[np.ndarray, "n n 3"], UInt8[np.ndarray, "n n"]]
"""A photo and its label map."""

SMILING = "Smiling"
MOUTH_PARTS = ("smile",)


class Table(NamedTuple):
    """A table of figures to compute.

    Attributes:
      name: of its files.
      title: for its readers.
      paper: name of the paper's table that it repeats; "": none.
      attributes: those that results are judged by.
      pairs: of photos.
      request: what a method is asked for a pair.
      wanted: which of the attributes the result should show, int8 (k,): 1 yes, -1 no, 0 unknown.
      shown: the number of the photo of a pair that shows them in reality.
      same_person: whether the result should show the person of the target.
      truth: the true result and its mask; None where it is not known.
    """

    name: str
    title: str
    paper: str
    attributes: tuple[str, ...]
    pairs: Sequence[Pair]
    request: Callable[[Pair], Request]
    wanted: Callable[[Pair], Int8[np.ndarray, " k"]]
    shown: Callable[[Pair], int]
    same_person: bool
    truth: Callable[[Pair], Example] | None


class RenderedTruth:
    """True results of both tasks for rendered faces, each rendered once.

    Args:
      face: faces by their numbers.
      size: of the photos in px.
    """

    def __init__(self, face: Callable[[int], synthetic_faces.Face], size: int):
        self._face, self._size = face, size
        self.smile = cache(self._smile)
        self.style_copy = cache(self._style_copy)

    def _smile(self, pair: Pair) -> Example:
        """Render the target with the source's mouth."""
        target, source = map(self._face, (pair.target, pair.source))
        geometry = replace(target.geometry, mouth=source.geometry.mouth)
        return synthetic_faces.render(geometry, target.style, self._size)

    def _style_copy(self, pair: Pair) -> Example:
        """Render the source's face in the target's style."""
        target, source = map(self._face, (pair.target, pair.source))
        return synthetic_faces.render(source.geometry, target.style, self._size)


def smiling_tables(photos: SplitPhotos, pairs: Sequence[Pair], truth: RenderedTruth | None) -> list[Table]:
    """Return Table 2 with the smile pasted as the paper does, aligned, and, where it is known, with the true mask."""
    edits: dict[str, tuple[str, Callable[[Pair], UInt8[np.ndarray, "n n"]]]] = {
        "smiling_pasted": (
            "Smiling transfer, mouth pasted at the same pixels (the paper's way)",
            lambda pair: paste_mouth(photos.mask(pair.target), photos.mask(pair.source)),
        ),
        "smiling_aligned": (
            "Smiling transfer, mouth aligned to the target's face",
            lambda pair: transfer_parts(photos.mask(pair.target), photos.mask(pair.source), MOUTH_PARTS),
        ),
    }
    if truth:
        edits["smiling_true_mask"] = ("Smiling transfer, the true mask", lambda pair: truth.smile(pair)[1])
    return [
        Table(
            name=name,
            title=title,
            paper="smiling" if name == "smiling_pasted" else "",
            attributes=(SMILING,),
            pairs=pairs,
            request=partial(_request, photos, edited_mask),
            wanted=lambda pair: np.ones(1, np.int8),
            shown=lambda pair: pair.source,
            same_person=True,
            truth=truth and truth.smile,
        )
        for name, (title, edited_mask) in edits.items()
    ]


def style_table(
    photos: SplitPhotos, pairs: Sequence[Pair], attributes: Sequence[str], truth: RenderedTruth | None
) -> Table:
    """Return Table 3: the source's mask in the target's style, judged by the target's attributes."""
    columns = [ATTRIBUTES.index(name) for name in attributes]
    return Table(
        name="style_copy",
        title="Style copy: the source's mask in the target's style",
        paper="style_copy",
        attributes=tuple(attributes),
        pairs=pairs,
        request=partial(_request, photos, lambda pair: photos.mask(pair.source)),
        wanted=lambda pair: photos.attributes[photos.row(pair.target), columns],
        shown=lambda pair: pair.target,
        same_person=False,
        truth=truth and truth.style_copy,
    )


def _request(photos: SplitPhotos, edited_mask: Callable[[Pair], UInt8[np.ndarray, "n n"]], pair: Pair) -> Request:
    return Request(
        photo=photos.photo(pair.target),
        mask=photos.mask(pair.target),
        source_photo=photos.photo(pair.source),
        source_mask=photos.mask(pair.source),
        edited_mask=edited_mask(pair),
    )
