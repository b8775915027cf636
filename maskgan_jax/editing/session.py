"""The face of a photo file: as it is where its mask is given, else found and aligned; and back into its photo."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.photos.alignment import Alignment, align, crop, no_alignment, paste
from maskgan_jax.photos.face_detection import choose_face, find_faces
from maskgan_jax.photos.files import read_label_map, read_photo


class Subject(NamedTuple):
    """A square picture of a face and where it comes from.

    Attributes:
      face: the square picture, uint8.
      mask: its label map where a file gave it.
      photo: the whole photo.
      alignment: where in the photo the face is.
    """

    face: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "m m"] | None
    photo: UInt8[np.ndarray, "h w 3"]
    alignment: Alignment

    def put_back(
        self, edited: UInt8[np.ndarray, "s s 3"], weight: Float[np.ndarray, "s s"] | None = None
    ) -> UInt8[np.ndarray, "h w 3"]:
        """The whole photo with the face replaced, where the weight says if one is given."""
        return paste(self.photo, edited, self.alignment, weight)


def read(image: Path, mask: Path | None, aligned: bool, face: int | None) -> Subject:
    """Reads a photo and, if there is one, its mask.

    Args:
      image: the photo's file; square where a mask is given.
      mask: the mask's file, of the photo's size.
      aligned: whether to look for the face where no mask is given; else it is the photo, or the square in its middle.
      face: which of several faces.

    Returns:
      The face in the photo's own resolution.

    Raises:
      UserError: a file can't be read, sizes don't fit, or it is not clear which face is meant.
    """
    photo = read_photo(image)
    if mask is None:
        alignment = locate(photo, image, face) if aligned else no_alignment(photo)
        return Subject(crop(photo, alignment, max(1, round(alignment.side))), None, photo, alignment)
    if photo.shape[0] != photo.shape[1]:
        raise UserError(
            f"{image}: {photo.shape[1]}x{photo.shape[0]} pixels; a photo that comes with a mask is a square around the "
            "face: python -m maskgan_jax.edit align"
        )
    return Subject(photo, _read_mask(mask, photo, image), photo, no_alignment(photo))


def locate(photo: UInt8[np.ndarray, "h w 3"], image: Path, face: int | None) -> Alignment:
    """The square around a face of a photo, as CelebA-HQ has it.

    Args:
      photo: the pixels.
      image: their file, to be named in an error.
      face: which of several faces.

    Raises:
      UserError: there is no face, or it is not clear which one is meant.
    """
    return align(choose_face(find_faces(photo), face, str(image)))


def _read_mask(path: Path, photo: np.ndarray, image: Path) -> UInt8[np.ndarray, "m m"]:
    mask = read_label_map(path)
    if mask.shape != photo.shape[:2]:
        raise UserError(
            f"{path}: {mask.shape[1]}x{mask.shape[0]} pixels, but {image} has {photo.shape[1]}x{photo.shape[0]}; "
            "scale the mask to the photo's size by nearest neighbour"
        )
    return mask


def read_square_mask(path: Path) -> UInt8[np.ndarray, "m m"]:
    """Reads the mask of an aligned face.

    Raises:
      UserError: no mask, or not square.
    """
    mask = read_label_map(path)
    if mask.shape[0] != mask.shape[1]:
        raise UserError(f"{path}: {mask.shape[1]}x{mask.shape[0]} pixels; the mask of a face is square")
    return mask
