"""The entries of a batch: what a task can ask the input pipeline for, without importing TensorFlow.

A batch is a dict of arrays by entry name; the first axis of each is the batch's rows. The target of a row is the
example that the row stands for, its reference another example of the split (itself if the split holds no other).

  image_t         uint8 (b, h, w, 3)   photo of the target, 0..255
  mask_t          uint8 (b, h, w)      label map of the target, 0..18 (`labels.CLASSES`)
  mask_ref        uint8 (b, h, w)      label map of the reference
  image_ref       uint8 (b, h, w, 3)   photo of the reference
  attributes      int8 (b, 40)         attributes of the target in CelebA's order: 1 present, -1 absent, 0 unknown
  attributes_ref  int8 (b, 40)         attributes of the reference
  region          uint8 (b, h, w)      random region of the target: 1 hidden or edited, 0 kept (`region_masks`)
  differing_attribute  int8 (b,)       the attribute, a place in CelebA's order, in which target and reference differ
                                       because the pipeline was asked for it; -1: it was not

Two entries are never asked for: `index`, int32 (b,), the target's number in CelebA-HQ, is in every batch, and `weight`,
float32 (b,), in evaluation batches alone: 1, or 0 for a row that only fills up the last batch.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from data_pipeline.raw_tables import NUM_ATTRIBUTES

SIZES = (64, 128, 256, 512)
"""Height and width in px that records are prepared at."""


class Entry(NamedTuple):
    """The arrays of one entry.

    Attributes:
      shape: image size in px to the shape of one row.
      dtype: integer dtype.
      minimum: least valid value.
      maximum: greatest valid value.
    """

    shape: Callable[[int], tuple[int, ...]]
    dtype: type[np.integer]
    minimum: int
    maximum: int


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "image_t": Entry(lambda size: (size, size, 3), np.uint8, 0, 255),
        "mask_t": Entry(lambda size: (size, size), np.uint8, 0, NUM_CLASSES - 1),
        "mask_ref": Entry(lambda size: (size, size), np.uint8, 0, NUM_CLASSES - 1),
        "image_ref": Entry(lambda size: (size, size, 3), np.uint8, 0, 255),
        "attributes": Entry(lambda size: (NUM_ATTRIBUTES,), np.int8, -1, 1),
        "attributes_ref": Entry(lambda size: (NUM_ATTRIBUTES,), np.int8, -1, 1),
        "region": Entry(lambda size: (size, size), np.uint8, 0, 1),
        "differing_attribute": Entry(lambda size: (), np.int8, -1, NUM_ATTRIBUTES - 1),
    }
)
"""What a task can ask for, by name."""


def check_entries(entries: Sequence[str]) -> None:
    """Check that every name is one of `ENTRIES`.

    Raises:
      UserError: one is not.
    """
    for name in entries:
        if name not in ENTRIES:
            raise UserError(f"batch entry '{name}': unknown; ask for entries among {', '.join(ENTRIES)}")


def random_batch(entries: Sequence[str], batch_size: int, size: int, seed: int) -> dict[str, np.ndarray]:
    """Return a batch of independent, uniformly distributed valid values, for benchmarks; no data set is read.

    Args:
      entries: names among `ENTRIES`; `index`, 0 to `batch_size` - 1, is added.
      batch_size: number of rows.
      size: height and width of photos and maps in px.
      seed: of the values.

    Raises:
      UserError: an unknown entry.
    """
    check_entries(entries)
    rng = np.random.default_rng(seed)
    batch = {"index": np.arange(batch_size, dtype=np.int32)}
    for name in entries:
        shape, dtype, minimum, maximum = ENTRIES[name]
        batch[name] = rng.integers(minimum, maximum, (batch_size, *shape(size)), dtype, endpoint=True)
    return batch
