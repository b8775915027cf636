"""The face of a photo for editing: found and cut out, then put back into its photo. Everything here is arrays."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.photos.alignment import Alignment, central_square, crop, face_square, paste
from maskgan_jax.photos.compositing import blend, feathered
from maskgan_jax.photos.face_detection import choose_face, find_faces
from maskgan_jax.photos.scaling import scale_mask, scale_photo


class Subject(NamedTuple):
    """A face and its place in a photo.

    Attributes:
      photo: the whole photo.
      alignment: the square of the photo that is edited.
      face: that square, in the photo's own resolution.
      mask: the label map that came with the photo, of the face's size; None if the photo came without one.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    alignment: Alignment
    face: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"] | None


def open_photo(
    photo: UInt8[np.ndarray, "h w 3"],
    mask: UInt8[np.ndarray, "m k"] | None = None,
    align: bool = True,
    face: int | None = None,
) -> Subject:
    """Return the face of a photo: the whole photo if its mask is given, else the face found in it.

    Args:
      photo: with a mask it is a square around the face.
      mask: its label map, square; scaled to the photo's size by nearest neighbour.
      align: find a face and cut it out as CelebA-HQ does; else take the largest square in the middle. Not read if there
        is a mask.
      face: which face to find, counted from 0, largest first; None if there is only one.

    Raises:
      UserError: photo or mask are not square, there is no such face, or several and none is chosen.
    """
    check_photo(photo)
    if mask is None:
        return cut_out(photo, face_square(choose_face(find_faces(photo), face)) if align else central_square(photo))
    height, width = photo.shape[:2]
    if height != width:
        raise UserError(
            f"the photo has {width}x{height} pixels; a photo that comes with a mask is a square around the face: "
            "python -m maskgan_jax.edit align"
        )
    return Subject(photo, central_square(photo), photo, scale_mask(check_mask(mask), height))


def cut_out(photo: UInt8[np.ndarray, "h w 3"], square: Alignment, max_size: int | None = None) -> Subject:
    """Return a square of a photo as the face to edit, without a mask; in the photo's resolution up to `max_size` px."""
    size = max(1, round(square.side))
    return Subject(photo, square, crop(photo, square, min(size, max_size or size)), None)


def composite(
    subject: Subject,
    generated: UInt8[np.ndarray, "s s 3"],
    weight: Float[np.ndarray, "n n"] | None = None,
    paste_back: bool = False,
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a generated face, combined with the photo as far as wanted.

    Args:
      subject: the face and its photo.
      generated: the edited face at any size.
      weight: of the generated pixels over the photo's, at the face's size; None is 1 everywhere.
      paste_back: return the whole photo.

    Returns:
      With `paste_back` the whole photo; else the face, at its size in the photo if there is a weight, at the size of
      `generated` if not. Where the weight is 0 the pixels are exactly the photo's.
    """
    if weight is not None:
        generated = scale_photo(generated, len(subject.face))
    if paste_back:
        return put_back(subject, generated, weight)
    return generated if weight is None else blend(subject.face, generated, weight)


def replace_face(subject: Subject, generated: UInt8[np.ndarray, "s s 3"], weight: Float[np.ndarray, "n n"]) -> Subject:
    """Return a face that was edited, in its photo, to go on with; for the arguments see `composite`."""
    photo, face = (composite(subject, generated, weight, paste_back) for paste_back in (True, False))
    return subject._replace(photo=photo, face=face)


def put_back(
    subject: Subject, edited: UInt8[np.ndarray, "s s 3"], weight: Float[np.ndarray, "m m"] | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the whole photo with its face replaced, or blended by a weight from 0 (the photo) to 1 (the edit)."""
    return paste(subject.photo, edited, subject.alignment, weight)


def edit_weight(
    mask: UInt8[np.ndarray, "n n"], edited_mask: UInt8[np.ndarray, "m m"], size: int, feather: float | int
) -> Float[np.ndarray, "size size"]:
    """Return the weight of an edit at each pixel of a face: 1 where two masks differ, falling to 0 around it.

    Args:
      mask: label map before the edit.
      edited_mask: label map after it; each is scaled by nearest neighbour.
      size: height and width of the face in px.
      feather: distance from the nearest difference, in px of the face, at which the weight is 0.
    """
    return feathered(scale_mask(mask, size) != scale_mask(edited_mask, size), feather)


def check_photo(photo: np.ndarray) -> np.ndarray:
    """Return the photo.

    Raises:
      UserError: it is not an array of uint8 (height, width, 3).
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
        raise UserError(f"a photo is an array of uint8 (height, width, 3), not of {photo.dtype} {photo.shape}")
    return photo


def check_mask(mask: np.ndarray) -> np.ndarray:
    """Return the mask.

    Raises:
      UserError: it is not an array of uint8 (n, n) with labels from 0 to 18.
    """
    if mask.dtype != np.uint8 or mask.ndim != 2 or not mask.size:
        raise UserError(f"a mask is an array of uint8 (n, n), not of {mask.dtype} {mask.shape}")
    if mask.shape[0] != mask.shape[1]:
        raise UserError(f"the mask has {mask.shape[1]}x{mask.shape[0]} pixels; give a square mask, of any size")
    if mask.max() >= NUM_CLASSES:
        raise UserError(f"label {mask.max()} is above {NUM_CLASSES - 1}; labels are those of data_pipeline/labels.py")
    return mask
