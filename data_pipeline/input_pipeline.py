"""Batches of prepared records: a tf.data graph in which batch t is a function of the seed and t alone.

Every batch is a dict of this host's rows of the global batch: the entries asked for (`batch_entries`), `index`, and in
evaluation `weight`. An entry has the same values whichever others are asked for. What no entry needs is not decoded.

A record of which something asked for can't be read is replaced by another one, always the same.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from data_pipeline import labels
from data_pipeline.batch_entries import check_entries
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf, tfds
from data_pipeline.records import Examples, Features, open_examples
from data_pipeline.references import ATTRIBUTES, SampleReferences, any_references, differing_references
from data_pipeline.region_masks import sample_region

Batch = dict[str, np.ndarray]
Rows = dict[str, tf.Tensor]
"""What the rows of a batch consist of: the examples' rows in the split as `target` and `reference`, int64 (b,), the
batch entry `differing_attribute`, the seeds of their regions as `region_seed`, int64 (b, 2), in training whether to
flip them as `flip_target` and `flip_reference`, bool (b,), in evaluation `weight`.
"""

_FEATURES = {
    "target": {"image_t": "image", "mask_t": "mask", "attributes": "attributes", "region": "mask"},
    "reference": {"image_ref": "image", "mask_ref": "mask", "attributes_ref": "attributes"},
}
"""Feature of the records that an entry is made from, by the example of a row that it belongs to."""


def train_batches(
    builder: tfds.core.DatasetBuilder,
    split: str,
    *,
    entries: Sequence[str],
    batch_size: int,
    seed: int,
    start_step: int = 0,
    flip: bool = True,
    differing: Sequence[str] = (),
    max_bad_fraction: float = 0.0,
    process_index: int = 0,
    process_count: int = 1,
) -> Iterator[Batch]:
    """Yield shuffled batches without end; each epoch has every example once and may begin within a batch.

    Args:
      builder: of prepared records, as `prepare` returns it.
      split: name of the split, or a part of one such as 'train[:90%]'.
      entries: what the batches hold, names among `batch_entries.ENTRIES`.
      batch_size: rows of the global batch, over all processes.
      seed: of order, references, flips and regions.
      start_step: the first batch; resuming at step k gives the batches of an uninterrupted run.
      flip: mirror photo, label map and region of the target together, and photo and label map of the reference
        together, each with probability 1/2; labels of left and right parts are swapped, attributes kept.
      differing: attributes of CelebA; if any are named, target and reference of a row differ in one of them, which
        takes turns from row to row, see `references.differing_references`.
      max_bad_fraction: up to this part of the split's records may be unreadable; every process counts those it reads.
      process_index: which share of the global batch, 0..process_count - 1.
      process_count: number of processes that share it; the global batch doesn't depend on it.

    Raises:
      UserError: an unknown entry or attribute, the split has no examples, or none that have or lack an attribute to
        differ in, the processes can't share the batch equally, or, at once or later, too many records can't be read.
    """
    readings = _readings(entries)
    examples, sample_references = _open(
        builder, split, "config.data.train_split", max_bad_fraction, readings, differing
    )
    share = _share(batch_size, process_index, process_count)

    def sample_rows(step: tf.Tensor) -> Rows:
        seeds = tf.random.split([tf.cast(seed, tf.int64), step], 4)
        reference_seed, flip_target_seed, flip_reference_seed, region_seed = tf.unstack(seeds)
        targets = _shuffled_targets(step, examples.count, batch_size, seed)
        numbers = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        rows = {
            "target": targets,
            **sample_references(targets, numbers, reference_seed),
            "region_seed": tf.random.split(region_seed, batch_size),
        }
        if flip:
            rows["flip_target"] = _coin_tosses(batch_size, flip_target_seed)
            rows["flip_reference"] = _coin_tosses(batch_size, flip_reference_seed)
        return {name: values[share] for name, values in rows.items()}

    def load(rows: Rows) -> dict[str, tf.Tensor]:
        batch = _load(examples, readings, entries, rows)
        return _flip(batch, rows) if flip else batch

    return _iterate(start_step, tf.int64.max, examples, readings, sample_rows, load)


class EvalBatches:
    """A split for evaluation, opened once; each iteration yields all of it, in the order of its records.

    Every process yields the same number of batches. An example's reference and region are always the same, whatever
    the batch size, and so is the attribute in which they differ. Arguments and errors are those of `train_batches`.
    """

    def __init__(
        self,
        builder: tfds.core.DatasetBuilder,
        split: str,
        *,
        entries: Sequence[str],
        batch_size: int,
        differing: Sequence[str] = (),
        max_bad_fraction: float = 0.0,
        process_index: int = 0,
        process_count: int = 1,
    ):
        self._entries = entries
        self._batch_size = batch_size
        self._readings = _readings(entries)
        self._examples, sample_references = _open(
            builder, split, "config.data.eval_split", max_bad_fraction, self._readings, differing
        )
        self._share = _share(batch_size, process_index, process_count)
        everything = tf.range(self._examples.count, dtype=tf.int64)
        self._references = sample_references(everything, everything, [0, 0])

    def __iter__(self) -> Iterator[Batch]:
        steps = -(-self._examples.count // self._batch_size)
        return _iterate(0, steps, self._examples, self._readings, self._rows_in_order, self._load)

    def _rows_in_order(self, step: tf.Tensor) -> Rows:
        positions = (step * self._batch_size + tf.range(self._batch_size, dtype=tf.int64))[self._share]
        targets = tf.minimum(positions, self._examples.count - 1)
        return {
            "target": targets,
            **{name: tf.gather(of_all, targets) for name, of_all in self._references.items()},
            "region_seed": tf.stack([targets, tf.zeros_like(targets)], axis=-1),
            "weight": tf.cast(positions < self._examples.count, tf.float32),
        }

    def _load(self, rows: Rows) -> dict[str, tf.Tensor]:
        return {**_load(self._examples, self._readings, self._entries, rows), "weight": rows["weight"]}


def _open(
    builder: tfds.core.DatasetBuilder,
    split: str,
    field: str,
    max_bad_fraction: float,
    readings: Mapping[str, Features],
    differing: Sequence[str],
) -> tuple[Examples, SampleReferences]:
    """Return a split's examples and what samples references among them."""
    also_read = (ATTRIBUTES,) if differing else ()
    examples = open_examples(builder, split, field, max_bad_fraction, [*readings.values(), *also_read])
    if not differing:
        return examples, any_references(examples.count)
    return examples, differing_references(examples, differing, f"{builder.data_dir}, split '{split}' ({field})")


def _readings(entries: Sequence[str]) -> Mapping[str, Features]:
    """Return the features to read of the targets and, if any are needed, of the references.

    Raises:
      UserError: an unknown entry.
    """
    check_entries(entries)
    target, reference = (
        [feature for entry, feature in _FEATURES[role].items() if entry in entries] for role in ("target", "reference")
    )
    readings = {"target": tuple(dict.fromkeys(["index", *target]))}
    return readings | ({"reference": tuple(reference)} if reference else {})


def _load(
    examples: Examples, readings: Mapping[str, Features], entries: Sequence[str], rows: Rows
) -> dict[str, tf.Tensor]:
    """Return the entries of a batch, not flipped."""
    read = {role: examples.read(rows[role], features) for role, features in readings.items()}
    batch = {"index": read["target"]["index"]}
    for role, features in _FEATURES.items():
        batch |= {entry: read[role][feature] for entry, feature in features.items() if entry in entries}
    if "differing_attribute" in entries:
        batch["differing_attribute"] = rows["differing_attribute"]
    if "region" in entries:
        seeded_masks = (read["target"]["mask"], rows["region_seed"])
        batch["region"] = tf.map_fn(lambda row: sample_region(*row), seeded_masks, fn_output_signature=tf.uint8)
    return batch


def _iterate(
    step: int,
    end: int,
    examples: Examples,
    readings: Mapping[str, Features],
    rows_of: Callable[[tf.Tensor], Rows],
    load: Callable[[Rows], dict[str, tf.Tensor]],
) -> Iterator[Batch]:
    """Yield the batches of steps `step` to `end` - 1; after a record that can't be read, start again at its batch.

    A disk or network that fails once is asked once more.
    """
    # Traced once, and as it stands: AutoGraph would take longer to translate it than to trace it.
    batch_of = tf.function(lambda at: load(rows_of(at)), [tf.TensorSpec([], tf.int64)], autograph=False)
    failed_at = None
    while step < end:
        steps = tf.data.Dataset.range(step, end)
        batches = steps.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        try:
            for batch in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
                yield batch
                step += 1
        except tf.errors.OpError:
            rows = rows_of(tf.constant(step, tf.int64))
            repaired = [examples.repair(rows[role], features) for role, features in readings.items()]
            if not any(repaired) and failed_at == step:
                raise
            failed_at = step


def _share(batch_size: int, process_index: int, process_count: int) -> slice:
    if batch_size < 1 or batch_size % process_count:
        expected = "at least 1" if process_count == 1 else f"a multiple of {process_count}, the number of processes"
        raise UserError(f"config.batch_size = {batch_size}: expected {expected}")
    rows = batch_size // process_count
    return slice(process_index * rows, (process_index + 1) * rows)


def _shuffled_targets(step: tf.Tensor, count: int, batch_size: int, seed: int) -> tf.Tensor:
    """Return the examples of global batch `step`: its part of all epochs' permutations, concatenated.

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


def _coin_tosses(count: int, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform([count], seed, alg="philox") < 0.5


def _flip(batch: dict[str, tf.Tensor], rows: Rows) -> dict[str, tf.Tensor]:
    """Mirror the rows chosen, one by one: a `tf.where` over 16 photos of 512 px takes ten times as long."""
    mirrors = {
        "image_t": ("flip_target", _mirror),
        "mask_t": ("flip_target", _mirror_labels),
        "region": ("flip_target", _mirror),
        "image_ref": ("flip_reference", _mirror),
        "mask_ref": ("flip_reference", _mirror_labels),
    }
    images = {name: batch[name] for name in mirrors if name in batch}
    if not images:
        return batch

    def flip_row(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {name: _apply_if(row[mirrors[name][0]], mirrors[name][1], row[name]) for name in images}

    chosen = {name: rows[name] for name in ("flip_target", "flip_reference")}
    flipped = tf.map_fn(flip_row, {**images, **chosen}, fn_output_signature=dict.fromkeys(images, tf.uint8))
    return {**batch, **flipped}


def _apply_if(condition: tf.Tensor, function: Callable[[tf.Tensor], tf.Tensor], image: tf.Tensor) -> tf.Tensor:
    return tf.cond(condition, functools.partial(function, image), functools.partial(tf.identity, image))


def _mirror(image: tf.Tensor) -> tf.Tensor:
    return tf.reverse(image, axis=[1])


def _mirror_labels(label_map: tf.Tensor) -> tf.Tensor:
    return tf.gather(labels.MIRRORED, tf.cast(_mirror(label_map), tf.int32))
