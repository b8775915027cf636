"""Regions of a face that take what they show from an exemplar."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8

from data_pipeline.boxed_parts import MARGIN, MIN_MARGIN
from data_pipeline.errors import UserError
from maskgan_jax.editing.parts import REGION_PARTS
from maskgan_jax.photos.scaling import scale_mask

Box = tuple[int, int, int, int]
"""Top, left, bottom and right edge in px; the last two lie outside."""


def region_of_parts(
    mask: UInt8[np.ndarray, "n n"], reference_mask: UInt8[np.ndarray, "n n"], parts: Sequence[str]
) -> Bool[np.ndarray, "n n"]:
    """Return the union of boxes around parts, each where either face shows it, with the margins of training.

    A box and not the outline of the part, which would tell the generator the part's old shape.

    Args:
      mask: label map of the face to edit.
      reference_mask: label map of the exemplar, equally aligned.
      parts: names of `parts.REGION_PARTS`.

    Raises:
      UserError: there is no such part, none is named, or the exemplar doesn't show one.
    """
    check_parts(parts)
    region = np.zeros(mask.shape, bool)
    for name in parts:
        if (wanted := box_of(reference_mask, name)) is None:
            raise UserError(f"--parts: the exemplar shows no {name}; take it from another photo")
        own = box_of(mask, name) or wanted
        corners = [
            pick(*edges) for pick, edges in zip((min, min, max, max), zip(own, wanted, strict=True), strict=True)
        ]
        region[_with_margins(corners, len(mask))] = True
    return region


def check_parts(parts: Sequence[str]) -> None:
    """Check names of parts.

    Raises:
      UserError: there is no such part, or none is named.
    """
    unknown = [name for name in parts if name not in REGION_PARTS]
    if unknown or not parts:
        problem = f"no part {', '.join(map(repr, unknown))}" if unknown else "none is named"
        raise UserError(f"--parts: {problem}; name some of {', '.join(REGION_PARTS)}")


def touched(region: Bool[np.ndarray, "n n"], size: int) -> UInt8[np.ndarray, "size size"]:
    """Scale a region; at a smaller size every pixel is 1 that lies in it with any part, so that nothing is lost."""
    if len(region) <= size:
        return scale_mask(region.astype(np.uint8), size)
    begins = np.arange(size) * len(region) // size
    return np.maximum.reduceat(np.maximum.reduceat(region.astype(np.uint8), begins, 0), begins, 1)


def overlap(mask: UInt8[np.ndarray, "n n"], reference_mask: UInt8[np.ndarray, "n n"], part: str) -> float | None:
    """Return how far the boxes of a part in two faces agree: intersection over union, None where one is missing."""
    boxes = [box_of(each, part) for each in (mask, reference_mask)]
    if None in boxes:
        return None
    filled = np.zeros((2, *mask.shape), bool)
    for each, (top, left, bottom, right) in zip(filled, boxes, strict=True):
        each[top:bottom, left:right] = True
    return float(filled.all(0).sum() / filled.any(0).sum())


def box_of(mask: UInt8[np.ndarray, "n n"], part: str) -> Box | None:
    """Return the box around a part, without margins; None if the face doesn't show it."""
    shown = np.isin(mask, REGION_PARTS[part])
    if not shown.any():
        return None
    rows, columns = (np.flatnonzero(shown.any(axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _with_margins(box: Sequence[int], size: int) -> tuple[slice, slice]:
    top, left, bottom, right = box
    slices = []
    for start, end in ((top, bottom), (left, right)):
        margin = max(MARGIN * (end - start), MIN_MARGIN * size)
        slices.append(slice(max(int(np.floor(start - margin)), 0), int(np.ceil(end + margin))))
    return slices[0], slices[1]
