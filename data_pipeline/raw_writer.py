"""Writing of examples in the raw layout of CelebAMask-HQ."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from data_pipeline.labels import CLASSES
from data_pipeline.raw_layout import MAPPING, part_path, photo_path


def write_example(directory: Path, index: int, photo: np.ndarray, labels: np.ndarray) -> None:
    """Write photo and part masks of an example; missing folders are created.

    Args:
      directory: in the raw layout.
      index: number of the example.
      photo: uint8 (n, n, 3), written as JPEG with little loss.
      labels: its label map, uint8 (m, m).

    Raises:
      OSError: a file can't be written.
    """
    _save(Image.fromarray(photo), photo_path(directory, index), quality=95, subsampling="4:4:4")
    for label in np.unique(labels[labels > 0]):
        mask = np.where(labels == label, np.uint8(255), np.uint8(0))
        _save(Image.fromarray(mask), part_path(directory, index, CLASSES[label]), compress_level=1)


def write_mapping(directory: Path, celeba_index: Mapping[int, int]) -> None:
    """Write the file that lists the examples: index in CelebA, which decides on the split, by example.

    Raises:
      OSError: it can't be written.
    """
    rows = [f"{index:<8}{original:<12}{original:06d}.jpg" for index, original in celeba_index.items()]
    (directory / MAPPING).write_text("\n".join([f"{'idx':<8}{'orig_idx':<12}orig_file", *rows]) + "\n")


def _save(image: Image.Image, path: Path, **options: int | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
