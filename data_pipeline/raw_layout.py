"""The raw CelebAMask-HQ layout, as downloaded or as `synthetic_faces` writes it."""

import collections
import dataclasses
import hashlib
import re
import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from data_pipeline import labels, raw_tables
from data_pipeline.errors import UserError

PHOTOS = "CelebA-HQ-img"
MASKS = "CelebAMask-HQ-mask-anno"
MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
ATTRIBUTES = "CelebAMask-HQ-attribute-anno.txt"
POSES = "CelebAMask-HQ-pose-anno.txt"
EXAMPLES_PER_MASK_FOLDER = 2000
ANNOTATIONS = {"attributes": ATTRIBUTES, "attributes_ref": ATTRIBUTES}
"""Files that a directory may lack, by the batch entries that come from them."""

# What Pillow raises for corrupt image files.
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


@dataclasses.dataclass(frozen=True)
class RawLayout:
    """A raw data directory whose tables have been read and whose files have been found.

    Attributes:
      directory: its path.
      celeba_index: index in CelebA by example, in the order of the mapping file.
      parts: names of the parts with a mask file by example.
      attributes: int8 (40,) of -1 or 1 by example; None without an attribute file.
      poses: float32 (3,) by example: yaw, pitch and roll in degrees; None without a pose file.
      photo_side: height and width of every photo in px, from the first example.
      mask_side: height and width of every mask in px: those of the photos or half of them.
    """

    directory: Path
    celeba_index: Mapping[int, int]
    parts: Mapping[int, Sequence[str]]
    attributes: Mapping[int, np.ndarray] | None
    poses: Mapping[int, np.ndarray] | None
    photo_side: int
    mask_side: int

    def read_photo(self, index: int) -> Image.Image:
        """Return example `index`'s photo as RGB, upright and without alpha.

        Raises:
          UserError: the file can't be decoded or has another size than the first photo.
        """
        return _read_rgb(photo_path(self.directory, index), self.photo_side)

    def read_label_map(self, index: int) -> np.ndarray:
        """Return example `index`'s label map, uint8 (mask_side, mask_side) in 0..18.

        Raises:
          UserError: a part's file can't be decoded or has another size than the first mask.
        """
        parts = {part: self._read_part(index, part) for part in self.parts[index]}
        return labels.merge_parts(parts, (self.mask_side, self.mask_side))

    def _read_part(self, index: int, part: str) -> np.ndarray:
        colours = np.asarray(_read_rgb(part_path(self.directory, index, part), self.mask_side))
        return colours[..., 0] | colours[..., 1] | colours[..., 2]


def read_layout(directory: Path) -> RawLayout:
    """Read the tables of a raw data directory and check that each listed example has its files.

    Raises:
      UserError: the directory is not in the layout, a table has a malformed line, a file is missing, or the sizes
        of the first example's photo and masks don't fit together.
    """
    _require_layout(directory)
    celeba_index = raw_tables.read_mapping(directory / MAPPING)
    _require_photos(directory, celeba_index)
    parts = _find_parts(directory, celeba_index)
    photo_side, mask_side = _sides_of_first(directory, parts)
    return RawLayout(
        directory=directory,
        celeba_index=celeba_index,
        parts=parts,
        attributes=raw_tables.read_attributes(directory / ATTRIBUTES, celeba_index),
        poses=raw_tables.read_poses(directory / POSES, celeba_index),
        photo_side=photo_side,
        mask_side=mask_side,
    )


def require_annotations(directory: Path, entries: Sequence[str]) -> None:
    """Check that the files are there which some of `ANNOTATIONS` come from.

    Raises:
      UserError: one is missing.
    """
    for entry in entries:
        if not (directory / ANNOTATIONS[entry]).exists():
            raise UserError(f"{directory / ANNOTATIONS[entry]}: missing, and this task learns from it; add the file")


def fingerprint(directory: Path) -> str:
    """Return a hash of the directory's tables, to check that prepared records were made from them.

    Raises:
      UserError: the directory is not in the layout.
    """
    _require_layout(directory)
    digest = hashlib.sha256()
    for name in (MAPPING, ATTRIBUTES, POSES):
        path = directory / name
        content = path.read_bytes() if path.exists() else b""
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def photo_path(directory: Path, index: int) -> Path:
    """Return the file of example `index`'s photo."""
    return directory / PHOTOS / f"{index}.jpg"


def part_path(directory: Path, index: int, part: str) -> Path:
    """Return the file of the mask of one of example `index`'s parts."""
    return _mask_folder(directory, index) / f"{index:05d}_{part}.png"


def _mask_folder(directory: Path, index: int) -> Path:
    return directory / MASKS / str(index // EXAMPLES_PER_MASK_FOLDER)


def _require_layout(directory: Path) -> None:
    expected = f"a raw data directory holds {PHOTOS}/, {MASKS}/ and {MAPPING}, as CelebAMask-HQ does when unpacked"
    if not directory.is_dir():
        raise UserError(f"{directory}: no such directory; {expected}")
    for name, exists in ((PHOTOS, Path.is_dir), (MASKS, Path.is_dir), (MAPPING, Path.is_file)):
        if not exists(directory / name):
            raise UserError(f"{directory / name}: missing; {expected}")


def _require_photos(directory: Path, indices: Collection[int]) -> None:
    existing = {path.name for path in (directory / PHOTOS).iterdir()}
    for index in indices:
        path = photo_path(directory, index)
        if path.name not in existing:
            raise UserError(f"{path}: missing, though {MAPPING} lists it; add the photo or remove its line")


def _find_parts(directory: Path, indices: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = collections.defaultdict(list)
    for folder in sorted({_mask_folder(directory, index) for index in indices}):
        for path in folder.glob("*.png"):
            name = re.fullmatch(r"(\d{5,})_(\w+)", path.stem)
            if name and name[2] in labels.PARTS:
                found[int(name[1])].append(name[2])
            elif name:
                raise UserError(f"{path}: '{name[2]}' is not a part; the parts are {', '.join(labels.PARTS)}")
    for index in indices:
        if index not in found:
            path = part_path(directory, index, "<part>")
            raise UserError(f"{path}: no mask of any part, though {MAPPING} lists {index}; add them or remove its line")
    return {index: found[index] for index in indices}


def _sides_of_first(directory: Path, parts: Mapping[int, Sequence[str]]) -> tuple[int, int]:
    first = next(iter(parts))
    photo, mask = photo_path(directory, first), part_path(directory, first, min(parts[first]))
    photo_side, mask_side = _side(photo), _side(mask)
    if photo_side not in (mask_side, 2 * mask_side):
        raise UserError(
            f"{photo}: {photo_side}x{photo_side} px, expected {mask_side}x{mask_side} as its masks, or twice that"
        )
    return photo_side, mask_side


def _side(path: Path) -> int:
    try:
        with Image.open(path) as image:
            width, height = image.size
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if width != height:
        raise UserError(f"{path}: {width}x{height} px, expected a square image")
    return width


def _read_rgb(path: Path, side: int) -> Image.Image:
    try:
        with Image.open(path) as image:
            if image.size != (side, side):
                width, height = image.size
                raise UserError(f"{path}: {width}x{height} px, expected {side}x{side} as in the first example")
            return ImageOps.exif_transpose(image).convert("RGB")
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"{path}: not a readable image ({reason}); download or render it again")
