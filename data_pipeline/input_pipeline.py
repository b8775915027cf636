"""Batches of prepared records: a tf.data graph in which batch t is a function of the seed and t alone.

Every batch is a dict of this host's rows, b of the global batch:

  image_t   uint8 (b, h, w, 3)  photo
  mask_t    uint8 (b, h, w)     its label map, 0..18
  mask_ref  uint8 (b, h, w)     label map of another example; of the same one if the split holds no other
  index     int32 (b,)          number of the photo in CelebA-HQ
  weight    float32 (b,)        from `eval_batches` only: 1, or 0 for a row that fills up the last batch

In the place of a record that can't be read is another one, always the same.
"""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from data_pipeline import labels
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf, tfds
from data_pipeline.records import Examples, open_examples

Batch = dict[str, np.ndarray]
Rows = dict[str, tf.Tensor]
"""What a batch is made of: rows of photos as `target`, rows of reference masks as `other`, and what each file adds."""


def train_batches(
    builder: tfds.core.DatasetBuilder,
    split: str,
    *,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    flip: bool = True,
    max_bad_fraction: float = 0.0,
    process_index: int = 0,
    process_count: int = 1,
) -> Iterator[Batch]:
    """Yields shuffled batches without end; each epoch has every example once and may begin within a batch.

    Args:
      builder: of prepared records, as `prepare` returns it.
      split: name of the split, or a part of one such as 'train[:90%]'.
      batch_size: rows of the global batch, over all processes.
      seed: of order, references and flips.
      start_step: the first batch; resuming at step k goes on exactly as an uninterrupted run.
      flip: mirror photo and label map together, and the reference on its own, each with probability 1/2.
      max_bad_fraction: up to this part of the split's records may be unreadable; every process counts those it meets.
      process_index: which share of the global batch, 0..process_count - 1.
      process_count: number of processes that share it; the global batch doesn't depend on it.

    Raises:
      UserError: the split has no examples, the processes can't share the batch equally, or, there or on the way, too
        many records can't be read.
    """
    examples = open_examples(builder, split, "config.data.train_split", max_bad_fraction)
    share = _share(batch_size, process_index, process_count)

    def draw(step: tf.Tensor) -> Rows:
        other_seed, flip_seed, flip_other_seed = tf.unstack(tf.random.split([tf.cast(seed, tf.int64), step], 3))
        targets = _shuffled_targets(step, examples.count, batch_size, seed)
        batch = {
            "target": targets,
            "other": _others(targets, examples.count, other_seed),
            "flip": _coins(batch_size, flip_seed),
            "flip_other": _coins(batch_size, flip_other_seed),
        }
        return {name: rows[share] for name, rows in batch.items()}

    def load(rows: Rows) -> dict[str, tf.Tensor]:
        batch = {**examples.photos(rows["target"]), "mask_ref": examples.masks(rows["other"])}
        return _flipped(batch, rows) if flip else batch

    return _iterate(start_step, tf.int64.max, examples, draw, load)


def eval_batches(
    builder: tfds.core.DatasetBuilder,
    split: str,
    *,
    batch_size: int,
    max_bad_fraction: float = 0.0,
    process_index: int = 0,
    process_count: int = 1,
    limit: int | None = None,
) -> Iterator[Batch]:
    """Yields a split once, in the order of its records; every process yields the same number of batches.

    An example's reference mask is always the same one, whatever the batch size. Arguments and errors are those of
    `train_batches`; `limit` keeps only the first examples.
    """
    examples = open_examples(builder, split, "config.data.eval_split", max_bad_fraction)
    share = _share(batch_size, process_index, process_count)
    count = examples.count if limit is None else min(limit, examples.count)
    others = _others(tf.range(examples.count, dtype=tf.int64), examples.count, seed=[0, 0])

    def draw(step: tf.Tensor) -> Rows:
        positions = (step * batch_size + tf.range(batch_size, dtype=tf.int64))[share]
        targets = tf.minimum(positions, count - 1)
        return {
            "target": targets,
            "other": tf.gather(others, targets),
            "weight": tf.cast(positions < count, tf.float32),
        }

    def load(rows: Rows) -> dict[str, tf.Tensor]:
        return {
            **examples.photos(rows["target"]),
            "mask_ref": examples.masks(rows["other"]),
            "weight": rows["weight"],
        }

    return _iterate(0, -(-count // batch_size), examples, draw, load)


def _iterate(
    step: int,
    end: int,
    examples: Examples,
    draw: Callable[[tf.Tensor], Rows],
    load: Callable[[Rows], dict[str, tf.Tensor]],
) -> Iterator[Batch]:
    """Yields the batches of steps `step` to `end` - 1; from a record that can't be read on, the rest is read anew.

    A disk or network that fails once is asked once more.
    """
    failed_at = None
    while step < end:
        steps = tf.data.Dataset.range(step, end)
        batches = steps.map(lambda at: load(draw(at)), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        try:
            for batch in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
                yield batch
                step += 1
        except tf.errors.OpError:
            rows = draw(tf.constant(step, tf.int64))
            if not examples.repair(rows["target"], rows["other"]) and failed_at == step:
                raise
            failed_at = step


def _share(batch_size: int, process_index: int, process_count: int) -> slice:
    if batch_size < 1 or batch_size % process_count:
        expected = "at least 1" if process_count == 1 else f"a multiple of {process_count}, the number of processes"
        raise UserError(f"config.batch_size = {batch_size}: expected {expected}")
    rows = batch_size // process_count
    return slice(process_index * rows, (process_index + 1) * rows)


def _shuffled_targets(step: tf.Tensor, count: int, batch_size: int, seed: int) -> tf.Tensor:
    """Returns the examples of global batch `step`: its part of all epochs' permutations laid end to end.

    `tf.random.experimental.index_shuffle` would save the sort, but its orders of consecutive epochs resemble each
    other: their correlation was 0.35 for 24,183 examples.
    """
    start = step * batch_size
    epoch = start // count
    epochs_touched = (count + batch_size - 2) // count + 1
    orders = [
        tf.random.experimental.stateless_shuffle(
            tf.range(count, dtype=tf.int64), [tf.cast(seed, tf.int64), epoch + later], alg="philox"
        )
        for later in range(epochs_touched)
    ]
    first = start - epoch * count
    return tf.concat(orders, axis=0)[first : first + batch_size]


def _others(targets: tf.Tensor, count: int, seed: tf.Tensor | list[int]) -> tf.Tensor:
    """Returns for each example another one, all others being equally likely."""
    if count == 1:
        return targets
    distance = tf.random.stateless_uniform(tf.shape(targets), seed, 1, count, tf.int64, alg="philox")
    return (targets + distance) % count


def _coins(count: int, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform([count], seed, alg="philox") < 0.5


def _flipped(batch: dict[str, tf.Tensor], rows: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Mirrors the drawn rows, one by one: a `tf.where` over 16 photos of 512 px takes ten times as long."""

    def flip_row(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            "image_t": _mirrored_if(row["flip"], _mirror_photo, row["image_t"]),
            "mask_t": _mirrored_if(row["flip"], _mirror_labels, row["mask_t"]),
            "mask_ref": _mirrored_if(row["flip_other"], _mirror_labels, row["mask_ref"]),
        }

    pictures = dict.fromkeys(("image_t", "mask_t", "mask_ref"), tf.uint8)
    return {**batch, **tf.map_fn(flip_row, {**batch, **rows}, fn_output_signature=pictures)}


def _mirrored_if(flip: tf.Tensor, mirror: Callable[[tf.Tensor], tf.Tensor], picture: tf.Tensor) -> tf.Tensor:
    return tf.cond(flip, functools.partial(mirror, picture), functools.partial(tf.identity, picture))


def _mirror_photo(photo: tf.Tensor) -> tf.Tensor:
    return tf.reverse(photo, axis=[1])


def _mirror_labels(label_map: tf.Tensor) -> tf.Tensor:
    return tf.gather(labels.MIRRORED, tf.cast(tf.reverse(label_map, axis=[1]), tf.int32))
