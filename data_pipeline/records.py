"""Random access to the examples of a prepared split."""

import dataclasses
from collections.abc import Callable

import numpy as np
from absl import logging

from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf, tfds

# Up to this size a split is decoded once: a quickstart's steps are too short to decode pictures in between.
IN_MEMORY_BYTES = 256 << 20


@dataclasses.dataclass(frozen=True)
class Examples:
    """A split's examples by their rows, 0..count - 1, as functions for a TensorFlow graph.

    A row whose record can't be read stands for the next one that can: a function of the records alone, so that every
    host and every resumed run puts the same examples there.

    Attributes:
      count: how many there are.
      photos: rows, int64 (n,), to `image_t`, uint8 (n, h, w, 3), `mask_t`, uint8 (n, h, w), and `index`, int32 (n,).
      masks: rows to their label maps alone, uint8 (n, h, w).
      repair: rows of photos and of masks among which one failed with an error of TensorFlow; from then on they succeed.
        False where nothing was wrong with them. Raises UserError where too many of the split's records can't be read.
    """

    count: int
    photos: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    masks: Callable[[tf.Tensor], tf.Tensor]
    repair: Callable[[tf.Tensor, tf.Tensor], bool]


def open_examples(builder: tfds.core.DatasetBuilder, split: str, field: str, max_bad_fraction: float) -> Examples:
    """Opens a split of prepared records; a small one is decoded into memory.

    Args:
      builder: of prepared records.
      split: name of the split, or a part of one such as 'train[:90%]'.
      field: the setting that names the split, for the message.
      max_bad_fraction: up to this part of its records may be unreadable.

    Raises:
      UserError: the split has no examples, or too many can't be read.
    """
    splits = builder.info.splits
    try:
        count = splits[split].num_examples
    except (KeyError, ValueError):
        count = 0
    if not count:
        there = ", ".join(f"{name} ({info.num_examples})" for name, info in splits.items())
        raise UserError(
            f"{builder.data_dir}: no examples in split '{split}'; set {field} to one that has some: {there}"
        )
    examples = _recorded(builder, split, count, max_bad_fraction)
    size = builder.builder_config.size
    return _in_memory(examples) if count * size * size * 4 <= IN_MEMORY_BYTES else examples


def _recorded(builder: tfds.core.DatasetBuilder, split: str, count: int, max_bad_fraction: float) -> Examples:
    source = builder.as_data_source(split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    size = builder.builder_config.size
    unreadable: set[int] = set()
    # Apart from each other, for the mask of a record can be whole where its photo isn't.
    stand_ins_for_photos: dict[int, int] = {}
    stand_ins_for_masks: dict[int, int] = {}

    def parse(rows: tf.Tensor, stand_ins: dict[int, int], **dtypes: tf.DType) -> dict[str, tf.Tensor]:
        def read(rows: np.ndarray) -> np.ndarray:
            return np.array([source[stand_ins.get(row, row)] for row in rows.tolist()], object)

        serialized = tf.ensure_shape(tf.numpy_function(read, [rows], tf.string, stateful=False), [None])
        return tf.io.parse_example(serialized, {key: tf.io.FixedLenFeature([], dtype) for key, dtype in dtypes.items()})

    def decode(pngs: tf.Tensor, channels: int) -> tf.Tensor:
        return tf.map_fn(
            lambda png: tf.ensure_shape(tf.io.decode_png(png, channels), (size, size, channels)),
            pngs,
            fn_output_signature=tf.uint8,
        )

    def photos(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        record = parse(rows, stand_ins_for_photos, image=tf.string, mask=tf.string, index=tf.int64)
        return {
            "image_t": decode(record["image"], 3),
            "mask_t": decode(record["mask"], 1)[..., 0],
            "index": tf.cast(record["index"], tf.int32),
        }

    def masks(rows: tf.Tensor) -> tf.Tensor:
        return decode(parse(rows, stand_ins_for_masks, mask=tf.string)["mask"], 1)[..., 0]

    def count_as_unreadable(row: int) -> None:
        unreadable.add(row)
        if len(unreadable) > min(max_bad_fraction * count, count - 1):
            rows = ", ".join(map(str, sorted(unreadable)))
            raise UserError(
                f"{builder.data_dir}: {len(unreadable)} of the {count} records of split '{split}' can't be read "
                f"({rows}, counted from 0), more than config.data.max_bad_fraction = {max_bad_fraction} allows; "
                "delete this folder to have it prepared anew"
            )

    def replace(read: Callable, stand_ins: dict[int, int], rows: np.ndarray) -> bool:
        bad = _failing(read, np.unique(rows))
        for row in bad:
            count_as_unreadable(row)
            other = (row + 1) % count
            while _failing(read, np.array([other])):
                count_as_unreadable(other)
                other = (other + 1) % count
            stand_ins[row] = stand_ins.get(other, other)
            logging.warning(
                "%s: record %d of split '%s' can't be read; record %d stands in for it, %d of %d so far",
                builder.data_dir, row, split, stand_ins[row], len(unreadable), count,
            )  # fmt: skip
        return bool(bad)

    rows_to_photos, rows_to_masks = (
        tf.function(read, input_signature=[tf.TensorSpec([None], tf.int64)]) for read in (photos, masks)
    )

    def repair(rows_of_photos: tf.Tensor, rows_of_masks: tf.Tensor) -> bool:
        photos_replaced = replace(rows_to_photos, stand_ins_for_photos, rows_of_photos.numpy())
        return replace(rows_to_masks, stand_ins_for_masks, rows_of_masks.numpy()) or photos_replaced

    return Examples(count, photos, masks, repair)


def _failing(read: Callable, rows: np.ndarray) -> list[int]:
    """The rows that can't be read, found by halving."""
    try:
        read(tf.constant(rows, tf.int64))
        return []
    except tf.errors.OpError:
        if len(rows) == 1:
            return rows.tolist()
        middle = len(rows) // 2
        return _failing(read, rows[:middle]) + _failing(read, rows[middle:])


def _in_memory(examples: Examples) -> Examples:
    rows = tf.range(examples.count, dtype=tf.int64)
    read = tf.function(examples.photos)
    try:
        decoded = read(rows)
    except tf.errors.OpError:
        if not examples.repair(rows, rows[:0]):
            raise
        decoded = read(rows)
    return Examples(
        examples.count,
        photos=lambda rows: {key: tf.gather(values, rows) for key, values in decoded.items()},
        masks=lambda rows: tf.gather(decoded["mask_t"], rows),
        repair=lambda rows_of_photos, rows_of_masks: False,
    )
