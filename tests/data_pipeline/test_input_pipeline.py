"""Batches: the same for any number of hosts, resumable, every example once per epoch."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from data_pipeline import labels, records
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf
from data_pipeline.input_pipeline import eval_batches, train_batches
from data_pipeline.prepare import prepare

TRAIN_COUNT = 9


def first(count, *args, **kwargs):
    return list(itertools.islice(train_batches(*args, **kwargs), count))


def assert_same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


def joined(shares):
    return [
        {key: np.concatenate([share[key] for share in of_step]) for key in of_step[0]}
        for of_step in zip(*shares, strict=True)
    ]


@pytest.fixture(scope="module")
def train_masks(builder):
    return {record["index"]: record["mask"][..., 0] for record in builder.as_data_source("train")}


@pytest.fixture(params=["in memory", "from records"])
def storage(request, monkeypatch):
    """Runs a test on both ways to hold a split."""
    if request.param == "from records":
        monkeypatch.setattr(records, "IN_MEMORY_BYTES", 0)


def test_shapes_and_dtypes(builder, storage):
    batch = next(train_batches(builder, "train", batch_size=4, seed=0))
    assert {key: (value.shape, value.dtype) for key, value in batch.items()} == {
        "image_t": ((4, 64, 64, 3), np.uint8),
        "mask_t": ((4, 64, 64), np.uint8),
        "mask_ref": ((4, 64, 64), np.uint8),
        "index": ((4,), np.int32),
    }


def test_rows_are_the_records(builder, storage):
    recorded = {record["index"]: record for record in builder.as_data_source("train")}
    for batch in first(3, builder, "train", batch_size=4, seed=0, flip=False):
        for index, image, mask in zip(batch["index"], batch["image_t"], batch["mask_t"], strict=True):
            np.testing.assert_array_equal(image, recorded[index]["image"])
            np.testing.assert_array_equal(mask, recorded[index]["mask"][..., 0])


@pytest.mark.slow
@pytest.mark.parametrize("hosts", [2, 4])
def test_any_number_of_hosts_sees_the_same_global_batches(builder, hosts):
    options = {"batch_size": 8, "seed": 3}
    shares = [first(4, builder, "train", **options, process_index=k, process_count=hosts) for k in range(hosts)]
    assert shares[0][0]["image_t"].shape[0] == 8 // hosts
    assert_same(joined(shares), first(4, builder, "train", **options))


def test_resuming_goes_on_as_uninterrupted(builder):
    options = {"batch_size": 4, "seed": 3}
    whole = first(7, builder, "train", **options)
    assert_same(first(3, builder, "train", **options, start_step=4), whole[4:])


@pytest.mark.parametrize("batch_size", [2, 9, 20])
def test_every_example_once_per_epoch(builder, batch_size):
    batches = first(18, builder, "train", batch_size=batch_size, seed=0)
    order = np.concatenate([batch["index"] for batch in batches])
    epochs = order[: order.size // TRAIN_COUNT * TRAIN_COUNT].reshape(-1, TRAIN_COUNT)
    assert len(epochs) >= 4
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(TRAIN_COUNT), (len(epochs), 1)))
    assert len(np.unique(epochs, axis=0)) > 1, "every epoch has the same order"


def test_seed_changes_the_order(builder):
    order = [next(train_batches(builder, "train", batch_size=9, seed=seed))["index"].tolist() for seed in (0, 1, -1)]
    assert order[0] != order[1] != order[2]


def test_reference_is_the_mask_of_another_example(builder, train_masks):
    seen = set()
    for batch in first(20, builder, "train", batch_size=9, seed=0, flip=False):
        for index, reference in zip(batch["index"], batch["mask_ref"], strict=True):
            (source,) = [key for key, mask in train_masks.items() if np.array_equal(mask, reference)]
            assert source != index
            seen.add((index, source))
    # 180 draws of 72 pairs: about 66 differ.
    assert len(seen) > 50


def test_only_example_is_its_own_reference(builder):
    batch = next(train_batches(builder, "train[:1]", batch_size=2, seed=0, flip=False))
    np.testing.assert_array_equal(batch["mask_ref"], batch["mask_t"])


def test_flip_mirrors_photo_and_label_map_together(builder):
    options = {"batch_size": 9, "seed": 0}
    flipped = {"mask_t": 0, "mask_ref": 0}
    for plain, augmented in zip(
        first(6, builder, "train", **options, flip=False), first(6, builder, "train", **options), strict=True
    ):
        for row in range(9):
            for key in flipped:
                mirrored = labels.MIRRORED[plain[key][row]][:, ::-1]
                is_flipped = not np.array_equal(augmented[key][row], plain[key][row])
                flipped[key] += is_flipped
                np.testing.assert_array_equal(augmented[key][row], mirrored if is_flipped else plain[key][row])
                if key == "mask_t":
                    photo = plain["image_t"][row]
                    np.testing.assert_array_equal(augmented["image_t"][row], photo[:, ::-1] if is_flipped else photo)
    # 54 fair coins each.
    assert all(15 < count < 39 for count in flipped.values())


def test_eval_covers_the_split_once_in_order(builder, storage):
    batches = list(eval_batches(builder, "train", batch_size=4))
    weight = np.concatenate([batch["weight"] for batch in batches])
    index = np.concatenate([batch["index"] for batch in batches])
    assert weight.tolist() == [1] * 9 + [0] * 3
    assert index[weight > 0].tolist() == list(range(9))


def test_eval_shares_have_equal_length(builder):
    shares = [list(eval_batches(builder, "train", batch_size=8, process_index=k, process_count=4)) for k in range(4)]
    assert_same(joined(shares), list(eval_batches(builder, "train", batch_size=8)))


def test_eval_reference_does_not_depend_on_the_batch_size(builder):
    (whole,) = eval_batches(builder, "train", batch_size=9)
    single = joined([[batch] for batch in eval_batches(builder, "train", batch_size=1)])[0]
    assert_same([single], [whole])
    assert not any(np.array_equal(t, ref) for t, ref in zip(whole["mask_t"], whole["mask_ref"], strict=True))


def test_eval_limit(builder):
    batches = list(eval_batches(builder, "train", batch_size=4, limit=5))
    assert [batch["weight"].tolist() for batch in batches] == [[1, 1, 1, 1], [1, 0, 0, 0]]


def test_empty_split_is_named(own_directory):
    mapping = own_directory / "CelebA-HQ-to-CelebA-mapping.txt"
    mapping.write_text("\n".join(mapping.read_text().splitlines()[:3]))
    only_train = prepare(own_directory, 64)
    with pytest.raises(
        UserError, match=r"no examples in split 'validation'; set config\.data\.eval_split .*train \(2\)"
    ):
        eval_batches(only_train, "validation", batch_size=2)
    with pytest.raises(UserError, match=r"config\.data\.train_split"):
        train_batches(only_train, "test", batch_size=2, seed=0)


def test_batch_that_hosts_cannot_share(builder):
    with pytest.raises(UserError, match=r"config\.batch_size = 6: expected a multiple of 4"):
        train_batches(builder, "train", batch_size=6, seed=0, process_count=4)


@pytest.fixture
def damaged(raw_directory, builder, tmp_path):
    """The prepared data of which records 4 and 5 of the training split have a flipped bit on the disk."""
    copy = Path(shutil.copytree(Path(builder.data_dir).parents[2], tmp_path / "prepared"))
    (records_file,) = copy.rglob("*-train.array_record*")
    content = bytearray(records_file.read_bytes())
    raw_bytes = tfds.decode.DeserializeMethod.RAW_BYTES
    source = builder.as_data_source("train", deserialize_method=raw_bytes)
    for row in (4, 5):
        content[place_in(content, source[row])] ^= 1
    records_file.write_bytes(content)
    return prepare(raw_directory, 64, copy)


def place_in(content: bytearray, record: bytes) -> int:
    """Where a piece of a record's photo lies in a file; what compresses well doesn't lie there as it is."""
    photo = tf.train.Example.FromString(record).features.feature["image"].bytes_list.value[0]
    pieces = (photo[start : start + 40] for start in range(100, len(photo) - 40, 40))
    return next(place for piece in pieces if (place := content.find(piece)) >= 0)


@pytest.mark.slow
def test_an_unreadable_record_is_always_replaced_by_the_same_one(builder, damaged, storage):
    options = {"batch_size": 4, "seed": 3}
    whole = first(4, builder, "train", **options)
    batches = first(4, damaged, "train", **options, max_bad_fraction=0.3)
    for batch, original in zip(batches, whole, strict=True):
        assert batch["index"].tolist() == [6 if index in (4, 5) else index for index in original["index"]]
        same = batch["index"] == original["index"]
        np.testing.assert_array_equal(batch["image_t"][same], original["image_t"][same])
    assert_same(first(3, damaged, "train", **options, max_bad_fraction=0.3, start_step=1), batches[1:])
    shares = [
        first(4, damaged, "train", **options, max_bad_fraction=0.3, process_index=k, process_count=2) for k in range(2)
    ]
    assert_same(joined(shares), batches)


@pytest.mark.slow
def test_both_ways_to_hold_a_split_replace_alike(damaged, monkeypatch):
    options = {"batch_size": 4, "seed": 3, "max_bad_fraction": 0.3}
    in_memory = first(4, damaged, "train", **options)
    monkeypatch.setattr(records, "IN_MEMORY_BYTES", 0)
    assert_same(first(4, damaged, "train", **options), in_memory)


def test_evaluation_replaces_too(damaged, storage):
    (batch,) = eval_batches(damaged, "train", batch_size=9, max_bad_fraction=0.3)
    assert batch["index"].tolist() == [0, 1, 2, 3, 6, 6, 6, 7, 8]


def test_more_unreadable_records_than_allowed_are_named(damaged, storage):
    message = r"2 of the 9 records of split 'train' can't be read \(4, 5, .* config\.data\.max_bad_fraction = 0\.2 "
    with pytest.raises(UserError, match=message):
        first(3, damaged, "train", batch_size=9, seed=0, max_bad_fraction=0.2)
