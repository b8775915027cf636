"""Edits of label maps: parts of one face laid into the mask of another."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES

PART_GROUPS = {
    "smile": ("mouth", "u_lip", "l_lip"),
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "ears": ("l_ear", "r_ear"),
    "glasses": ("eye_g",),
    "earrings": ("ear_r",),
    "necklace": ("neck_l",),
}
"""Names of parts that belong together; every class but the background is a name of its own besides."""

ANCHORS = (("l_eye",), ("r_eye",), ("nose",), ("mouth", "u_lip", "l_lip"))
"""What two faces are laid over each other by, as far as both masks show it."""


def transfer_parts(
    mask: UInt8[np.ndarray, "h w"], reference_mask: UInt8[np.ndarray, "r q"], parts: Sequence[str]
) -> UInt8[np.ndarray, "h w"]:
    """Lays parts of a reference mask into a mask.

    The reference is scaled, turned and shifted so that eyes, nose and mouth of both faces meet; parts that both faces
    have then go where the mask's own were. Those leave a gap, which takes the label of the nearest pixel around it.

    Args:
      mask: the label map to change.
      reference_mask: the label map to take the parts from; of any size.
      parts: keys of `PART_GROUPS` or names of classes.

    Returns:
      The edited label map.

    Raises:
      UserError: an unknown part, or one that the reference mask doesn't show.
    """
    labels = _labels_of(parts)
    wanted = np.isin(reference_mask, labels)
    if not wanted.any():
        raise UserError(
            f"the reference mask shows none of {', '.join(parts)}; name parts that it has: {_shown(reference_mask)}"
        )

    matrix, offset = _similarity(reference_mask, mask)
    replaced = np.isin(mask, labels)
    if replaced.any():
        offset = offset + _centre(replaced) - (matrix @ _centre(wanted) + offset)
    back = np.linalg.inv(matrix)
    rows, columns = np.indices(mask.shape)
    places = np.stack([rows, columns], axis=-1) - offset
    places = np.round(places @ back.T).astype(int)
    inside = ((places >= 0) & (places < reference_mask.shape)).all(-1)
    places = np.where(inside[..., None], places, 0)
    moved = np.where(inside, reference_mask[places[..., 0], places[..., 1]], 0)

    edited = _filled(mask, replaced)
    laid = np.isin(moved, labels) & inside
    edited[laid] = moved[laid]
    return edited


def _labels_of(parts: Sequence[str]) -> list[int]:
    known = set(CLASSES[1:]) | PART_GROUPS.keys()
    unknown = [part for part in parts if part not in known]
    if unknown:
        raise UserError(f"no such part: {', '.join(unknown)}; the parts are {', '.join([*PART_GROUPS, *CLASSES[1:]])}")
    return sorted({CLASSES.index(name) for part in parts for name in PART_GROUPS.get(part, (part,))})


def _shown(mask: UInt8[np.ndarray, "h w"]) -> str:
    return ", ".join(CLASSES[label] for label in np.unique(mask) if label)


def _centre(region: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "2"]:
    """Row and column of a region's centre."""
    return np.argwhere(region).mean(0)


def _similarity(
    source: UInt8[np.ndarray, "r q"], target: UInt8[np.ndarray, "h w"]
) -> tuple[Float[np.ndarray, "2 2"], Float[np.ndarray, "2"]]:
    """Matrix and offset that bring the anchors of one mask nearest to those of another (Umeyama 1991).

    Without two anchors in common, at different places, the faces' sizes decide, or the pictures' if there is no face.
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
    from_mean, to_mean = from_points.mean(0), to_points.mean(0)
    # Points as complex numbers: the best turn and scale is one complex factor.
    a = (from_points - from_mean) @ np.array([1, 1j])
    b = (to_points - to_mean) @ np.array([1, 1j])
    factor = (a.conj() @ b) / (a.conj() @ a).real
    matrix = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return matrix, to_mean - matrix @ from_mean


def _filled(mask: UInt8[np.ndarray, "h w"], gap: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """The mask with a gap closed by the label of the nearest pixel outside it."""
    if gap.all():
        return np.zeros_like(mask)
    nearest = ndimage.distance_transform_edt(gap, return_distances=False, return_indices=True)
    return mask[tuple(nearest)]
