"""Random access to the examples of a prepared split."""

import dataclasses
from collections.abc import Callable

import numpy as np

from data_pipeline.errors import DataError
from data_pipeline.host_tensorflow import tf, tfds

# Up to this size a split is decoded once: a quickstart's steps are too short to decode pictures in between.
IN_MEMORY_BYTES = 256 << 20


@dataclasses.dataclass(frozen=True)
class Examples:
    """A split's examples by their rows, 0..count - 1, as functions for a TensorFlow graph.

    Attributes:
      count: how many there are.
      photos: rows, int64 (n,), to `image_t`, uint8 (n, h, w, 3), `mask_t`, uint8 (n, h, w), and `index`, int32 (n,).
      masks: rows to their label maps alone, uint8 (n, h, w).
    """

    count: int
    photos: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    masks: Callable[[tf.Tensor], tf.Tensor]


def open_examples(builder: tfds.core.DatasetBuilder, split: str, field: str) -> Examples:
    """Opens a split of prepared records; a small one is decoded into memory.

    Args:
      builder: of prepared records.
      split: name of the split, or a part of one such as 'train[:90%]'.
      field: the setting that names the split, for the message.

    Raises:
      DataError: the split has no examples.
    """
    splits = builder.info.splits
    try:
        count = splits[split].num_examples
    except (KeyError, ValueError):
        count = 0
    if not count:
        there = ", ".join(f"{name} ({info.num_examples})" for name, info in splits.items())
        raise DataError(
            f"{builder.data_dir}: no examples in split '{split}'; set {field} to one that has some: {there}"
        )
    examples = _recorded(builder, split, count)
    size = builder.builder_config.size
    return _in_memory(examples) if count * size * size * 4 <= IN_MEMORY_BYTES else examples


def _recorded(builder: tfds.core.DatasetBuilder, split: str, count: int) -> Examples:
    source = builder.as_data_source(split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    size = builder.builder_config.size

    def read(rows: np.ndarray) -> np.ndarray:
        return np.array([source[row] for row in rows], object)

    def parse(rows: tf.Tensor, **dtypes: tf.DType) -> dict[str, tf.Tensor]:
        serialized = tf.ensure_shape(tf.numpy_function(read, [rows], tf.string, stateful=False), [None])
        return tf.io.parse_example(serialized, {key: tf.io.FixedLenFeature([], dtype) for key, dtype in dtypes.items()})

    def decode(pngs: tf.Tensor, channels: int) -> tf.Tensor:
        return tf.map_fn(
            lambda png: tf.ensure_shape(tf.io.decode_png(png, channels), (size, size, channels)),
            pngs,
            fn_output_signature=tf.uint8,
        )

    def photos(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        record = parse(rows, image=tf.string, mask=tf.string, index=tf.int64)
        return {
            "image_t": decode(record["image"], 3),
            "mask_t": decode(record["mask"], 1)[..., 0],
            "index": tf.cast(record["index"], tf.int32),
        }

    def masks(rows: tf.Tensor) -> tf.Tensor:
        return decode(parse(rows, mask=tf.string)["mask"], 1)[..., 0]

    return Examples(count, photos, masks)


def _in_memory(examples: Examples) -> Examples:
    decoded = tf.function(examples.photos)(tf.range(examples.count, dtype=tf.int64))
    return Examples(
        examples.count,
        photos=lambda rows: {key: tf.gather(values, rows) for key, values in decoded.items()},
        masks=lambda rows: tf.gather(decoded["mask_t"], rows),
    )
