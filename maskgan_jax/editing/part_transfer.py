"""Transfer of parts, such as the mouth, from the label map of one face to that of another."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES, PARTS
from maskgan_jax.editing.parts import PART_GROUPS
from maskgan_jax.photos.affine import fit_similarity

ANCHORS = (("l_eye",), ("r_eye",), ("nose",), ("mouth", "u_lip", "l_lip"))
"""Regions whose centres two faces are registered by, as far as both masks have them."""


def transfer_parts(
    mask: UInt8[np.ndarray, "h w"], reference_mask: UInt8[np.ndarray, "r q"], parts: Sequence[str]
) -> UInt8[np.ndarray, "h w"]:
    """Copy parts of a reference mask into a mask.

    The reference is scaled, rotated and shifted so that eyes, nose and mouth of both faces coincide as nearly as
    possible; parts that both faces have are then centred on the mask's own. Pixels of the mask's own parts that the
    copied ones do not cover take the label of the nearest pixel around them.

    Args:
      mask: the label map to change.
      reference_mask: the label map to copy from; of any size.
      parts: keys of `PART_GROUPS` or names of classes.

    Returns:
      The edited label map.

    Raises:
      UserError: an unknown part, or the reference mask has none of the parts.
    """
    labels = _labels_of(parts)
    wanted = np.isin(reference_mask, labels)
    if not wanted.any():
        has = ", ".join(CLASSES[label] for label in np.unique(reference_mask) if label)
        raise UserError(f"the reference mask has none of {', '.join(parts)}; name parts that it has: {has}")

    matrix, offset = _similarity(reference_mask, mask)
    replaced = np.isin(mask, labels)
    if replaced.any():
        offset = offset + _centre(replaced) - (matrix @ _centre(wanted) + offset)
    inverse = np.linalg.inv(matrix)
    rows, columns = np.indices(mask.shape)
    sources = np.stack([rows, columns], axis=-1) - offset
    sources = np.round(sources @ inverse.T).astype(int)
    inside = ((sources >= 0) & (sources < reference_mask.shape)).all(-1)
    sources = np.where(inside[..., None], sources, 0)
    registered = np.where(inside, reference_mask[sources[..., 0], sources[..., 1]], 0)

    edited = _filled(mask, replaced)
    copied = np.isin(registered, labels) & inside
    edited[copied] = registered[copied]
    return edited


def _labels_of(parts: Sequence[str]) -> list[int]:
    unknown = [part for part in parts if part not in PARTS and part not in PART_GROUPS]
    if unknown:
        raise UserError(f"no such part: {', '.join(unknown)}; the parts are {', '.join([*PART_GROUPS, *PARTS])}")
    return sorted({CLASSES.index(name) for part in parts for name in PART_GROUPS.get(part, (part,))})


def _centre(region: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "2"]:
    """Return the mean row and column of a region."""
    return np.argwhere(region).mean(0)


def _similarity(
    source: UInt8[np.ndarray, "r q"], target: UInt8[np.ndarray, "h w"]
) -> tuple[Float[np.ndarray, "2 2"], Float[np.ndarray, "2"]]:
    """Return matrix and offset of the least-squares similarity between the anchors of two masks.

    With fewer than two anchors in common, or all at one place, the areas of skin decide, or without skin the sizes of
    the masks.
    """
    regions = [
        (np.isin(source, labels), np.isin(target, labels))
        for labels in ([CLASSES.index(name) for name in names] for names in ANCHORS)
    ]
    pairs = [(_centre(a), _centre(b)) for a, b in regions if a.any() and b.any()]
    spreads = [np.ptp(points, axis=0).max() for points in zip(*pairs, strict=True)]
    if len(pairs) < 2 or min(spreads) < 1:
        a, b = (mask == CLASSES.index("skin") for mask in (source, target))
        if not (a.any() and b.any()):
            a, b = np.ones(source.shape, bool), np.ones(target.shape, bool)
        matrix = np.eye(2) * np.sqrt(b.sum() / a.sum())
        return matrix, _centre(b) - matrix @ _centre(a)
    from_points, to_points = (np.array(points) for points in zip(*pairs, strict=True))
    affine = fit_similarity(from_points, to_points)
    return affine[:, :2], affine[:, 2]


def _filled(mask: UInt8[np.ndarray, "h w"], gap: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Return the mask with each pixel of a gap labelled as the nearest pixel outside it."""
    if gap.all():
        return np.zeros_like(mask)
    nearest = ndimage.distance_transform_edt(gap, return_distances=False, return_indices=True)
    return mask[tuple(nearest)]
