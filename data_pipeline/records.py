"""Random access to the examples of a prepared split; of each example only the features asked for are decoded."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
from absl import logging

from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf, tfds
from data_pipeline.raw_tables import NUM_ATTRIBUTES

# Up to this size a split is decoded once: a quickstart's steps are too short to decode images in between.
IN_MEMORY_BYTES = 256 << 20

ROWS_READ_TOGETHER = 256
"""By `read_all`."""

Features = tuple[str, ...]
"""What is read of an example, among the records' features: `image`, uint8 (n, h, w, 3); `mask`, uint8 (n, h, w);
`attributes`, int8 (n, 40); `index`, int32 (n,).
"""

_STORED = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "mask": tf.io.FixedLenFeature([], tf.string),
    "attributes": tf.io.FixedLenFeature([NUM_ATTRIBUTES], tf.int64),
    "index": tf.io.FixedLenFeature([], tf.int64),
}
_DECODED_BYTES_PER_PIXEL = {"image": 3, "mask": 1}


class RecordedExamples:
    """A split's examples by row, 0..count - 1, read from the records each time.

    A row of which a feature asked for can't be read stands for the next row of which all can: a function of records and
    features alone, so that every host and every resumed run has the same example in its place.

    Attributes:
      count: number of rows.
    """

    def __init__(self, builder: tfds.core.DatasetBuilder, split: str, count: int, max_bad_fraction: float):
        """Open the records of a split; arguments as for `open_examples`."""
        self.count = count
        self._builder, self._split, self._max_bad_fraction = builder, split, max_bad_fraction
        self._size = builder.builder_config.size
        self._source = builder.as_data_source(split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
        self._unreadable: set[int] = set()
        # By features, for the mask of a record can be intact where its photo is not.
        self._stand_ins: dict[Features, dict[int, int]] = {}

    def read(self, rows: tf.Tensor, features: Features) -> dict[str, tf.Tensor]:
        """Return features of rows, int64 (n,); for a TensorFlow graph.

        Raises:
          tf.errors.OpError: when it runs, a record can't be read that `repair` has not replaced yet.
        """
        stand_ins = self._stand_ins.setdefault(features, {})

        def read_records(rows: np.ndarray) -> np.ndarray:
            return np.array([self._source[stand_ins.get(row, row)] for row in rows.tolist()], object)

        records = tf.ensure_shape(tf.numpy_function(read_records, [rows], tf.string, stateful=False), [None])
        stored = tf.io.parse_example(records, {name: _STORED[name] for name in features})
        return {name: self._decode(name, values) for name, values in stored.items()}

    def _decode(self, feature: str, stored: tf.Tensor) -> tf.Tensor:
        if feature == "image":
            return self._decode_pngs(stored, 3)
        if feature == "mask":
            return self._decode_pngs(stored, 1)[..., 0]
        return tf.cast(stored, tf.int8 if feature == "attributes" else tf.int32)

    def _decode_pngs(self, pngs: tf.Tensor, channels: int) -> tf.Tensor:
        shape = (self._size, self._size, channels)
        return tf.map_fn(
            lambda png: tf.ensure_shape(tf.io.decode_png(png, channels), shape), pngs, fn_output_signature=tf.uint8
        )

    def repair(self, rows: tf.Tensor, features: Features) -> bool:
        """Replace the rows that can't be read; to be called with eager rows after `read` of them has failed.

        Returns:
          Whether any was replaced; if not, the error was of another kind, or is over.

        Raises:
          UserError: more of the split's records can't be read than allowed.
        """
        read = tf.function(lambda rows: self.read(rows, features), [tf.TensorSpec([None], tf.int64)], autograph=False)
        stand_ins = self._stand_ins.setdefault(features, {})
        bad = _unreadable_rows(read, np.unique(rows.numpy()))
        for row in bad:
            self._count_as_unreadable(row)
            other = (row + 1) % self.count
            while _unreadable_rows(read, np.array([other])):
                self._count_as_unreadable(other)
                other = (other + 1) % self.count
            stand_ins[row] = stand_ins.get(other, other)
            logging.warning(
                "%s: record %d of split '%s' can't be read; record %d is used in its place (%d of %d so far)",
                self._builder.data_dir, row, self._split, stand_ins[row], len(self._unreadable), self.count,
            )  # fmt: skip
        return bool(bad)

    def _count_as_unreadable(self, row: int) -> None:
        self._unreadable.add(row)
        if len(self._unreadable) > min(self._max_bad_fraction * self.count, self.count - 1):
            rows = ", ".join(map(str, sorted(self._unreadable)))
            raise UserError(
                f"{self._builder.data_dir}: {len(self._unreadable)} of the {self.count} records of split "
                f"'{self._split}' can't be read ({rows}, counted from 0), more than config.data.max_bad_fraction = "
                f"{self._max_bad_fraction} allows; delete this folder to prepare it again"
            )


class DecodedExamples:
    """A split's examples by row, held in memory: what `RecordedExamples` reads, for some sets of features.

    Attributes:
      count: number of rows.
    """

    def __init__(self, examples: RecordedExamples, readings: Collection[Features]):
        """Decode the features of all rows.

        Raises:
          UserError: too many records can't be read.
        """
        self.count = examples.count
        rows = tf.range(examples.count, dtype=tf.int64)

        def read(features: Features) -> dict[str, tf.Tensor]:
            return tf.function(lambda rows: examples.read(rows, features), autograph=False)(rows)

        def read_with_repairs(features: Features) -> dict[str, tf.Tensor]:
            try:
                return read(features)
            except tf.errors.OpError:
                examples.repair(rows, features)
                return read(features)

        self._decoded: Mapping[Features, dict[str, tf.Tensor]]
        try:
            self._decoded = dict.fromkeys(readings, read(_union(readings)))
        except tf.errors.OpError:
            # Each has its own stand-ins.
            self._decoded = {features: read_with_repairs(features) for features in readings}

    def read(self, rows: tf.Tensor, features: Features) -> dict[str, tf.Tensor]:
        """Return features of rows, int64 (n,); one of the sets of features that were decoded."""
        return {name: tf.gather(self._decoded[features][name], rows) for name in features}

    def repair(self, rows: tf.Tensor, features: Features) -> bool:
        """Return False: all rows are readable."""
        return False


Examples = RecordedExamples | DecodedExamples


def open_examples(
    builder: tfds.core.DatasetBuilder, split: str, field: str, max_bad_fraction: float, readings: Collection[Features]
) -> Examples:
    """Open a split of prepared records; what is asked for of a small split is decoded into memory.

    Args:
      builder: of prepared records.
      split: name of the split, or a part of one such as 'train[:90%]'.
      field: the setting that names the split, for the error.
      max_bad_fraction: up to this part of the split's records may be unreadable.
      readings: the sets of features that will be read.

    Raises:
      UserError: the split has no examples, or too many can't be read.
    """
    splits = builder.info.splits
    try:
        count = splits[split].num_examples
    except (KeyError, ValueError):
        count = 0
    if not count:
        existing = ", ".join(f"{name} ({info.num_examples})" for name, info in splits.items())
        raise UserError(
            f"{builder.data_dir}: no examples in split '{split}'; set {field} to one that has some: {existing}"
        )
    examples = RecordedExamples(builder, split, count, max_bad_fraction)
    bytes_per_pixel = sum(_DECODED_BYTES_PER_PIXEL.get(name, 0) for name in _union(readings))
    decoded_bytes = count * builder.builder_config.size**2 * bytes_per_pixel
    return DecodedExamples(examples, readings) if decoded_bytes <= IN_MEMORY_BYTES else examples


def read_all(examples: Examples, features: Features) -> dict[str, np.ndarray]:
    """Return features of all rows; they are read in parts, for records hold more than what is asked for.

    Raises:
      UserError: too many records can't be read.
    """
    read = tf.function(lambda rows: examples.read(rows, features), [tf.TensorSpec([None], tf.int64)], autograph=False)

    def read_part(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        try:
            return read(rows)
        except tf.errors.OpError:
            examples.repair(rows, features)
            return read(rows)

    starts = range(0, examples.count, ROWS_READ_TOGETHER)
    parts = [read_part(tf.range(start, min(start + ROWS_READ_TOGETHER, examples.count), dtype=tf.int64))
             for start in starts]  # fmt: skip
    return {name: np.concatenate([part[name].numpy() for part in parts]) for name in features}


def _union(readings: Collection[Features]) -> Features:
    return tuple(dict.fromkeys(name for features in readings for name in features))


def _unreadable_rows(read: Callable[[tf.Tensor], object], rows: np.ndarray) -> list[int]:
    """Return the rows that can't be read, found by bisection."""
    try:
        read(tf.constant(rows, tf.int64))
        return []
    except tf.errors.OpError:
        if len(rows) == 1:
            return rows.tolist()
        middle = len(rows) // 2
        return _unreadable_rows(read, rows[:middle]) + _unreadable_rows(read, rows[middle:])
