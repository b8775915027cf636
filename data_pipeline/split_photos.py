"""A split's photos and masks by their numbers, with their attributes and poses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tfds
from data_pipeline.prepare import prepare


class EmptySplitError(UserError):
    """A split has no photos."""


class SplitPhotos:
    """The prepared records of a split; a photo or mask is decoded when it is asked for.

    Attributes:
      fingerprint: hash of the raw directory's tables.
      numbers: numbers of the photos, int64 (n,), in the records' order.
      attributes: in CelebA's order, int8 (n, 40): 1 present, -1 absent, 0 unknown.
      poses: yaw, pitch and roll in degrees, float32 (n, 3); NaN if unknown.
    """

    def __init__(self, directory: Path, size: int, split: str, prepared: str | Path | None = None):
        """Prepare the records unless that is done, and read the annotations.

        Raises:
          EmptySplitError: the split has no photos.
          UserError: as for `prepare`; or a record can't be read.
        """
        builder = prepare(directory, size, prepared)
        self.fingerprint = builder.info.metadata["fingerprint"]
        existing = {name: info.num_examples for name, info in builder.info.splits.items()}
        if not existing.get(split):
            listed = ", ".join(f"{name} ({count})" for name, count in existing.items())
            raise EmptySplitError(f"{builder.data_dir}: no photos in split '{split}'; there are {listed}")
        self._folder = builder.data_dir
        undecoded = {name: tfds.decode.SkipDecoding() for name in ("image", "mask")}
        self._photos = builder.as_data_source(split, decoders={"mask": undecoded["mask"]})
        self._masks = builder.as_data_source(split, decoders={"image": undecoded["image"]})
        annotated = builder.as_data_source(split, decoders=undecoded)
        records = [self._read(annotated, row) for row in range(len(annotated))]
        self.numbers = np.array([record["index"] for record in records], np.int64)
        self.attributes = np.stack([record["attributes"] for record in records])
        self.poses = np.stack([record["pose"] for record in records])
        self._rows = {int(number): row for row, number in enumerate(self.numbers)}

    def photo(self, number: int) -> UInt8[np.ndarray, "n n 3"]:
        """Return a photo by its number."""
        return self._read(self._photos, self._rows[number])["image"]

    def mask(self, number: int) -> UInt8[np.ndarray, "n n"]:
        """Return a photo's label map by its number."""
        return self._read(self._masks, self._rows[number])["mask"][..., 0]

    def row(self, number: int) -> int:
        """Return the place of a photo in `attributes` and `poses`."""
        return self._rows[number]

    def _read(self, source: Sequence[dict[str, np.ndarray]], row: int) -> dict[str, np.ndarray]:
        try:
            return source[row]
        except Exception as error:  # TFDS raises what its decoder does: of OpenCV, Pillow or TensorFlow
            reason = str(error).partition("\n")[0]
            raise UserError(
                f"{self._folder}: record {row} can't be read ({reason}); delete this folder to prepare it again"
            ) from None
