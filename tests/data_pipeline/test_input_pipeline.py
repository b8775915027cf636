"""Batches: the entries asked for, the same for any number of processes, resumable, every example once per epoch."""

import numpy as np
import pytest

from data_pipeline.batch_entries import ENTRIES
from data_pipeline.errors import UserError
from data_pipeline.input_pipeline import EvalBatches, train_batches
from data_pipeline.prepare import prepare
from tests.data_pipeline.batches import assert_equal_batches, concatenated, first_batches

TRAIN_COUNT = 9
ALL = tuple(ENTRIES)
MIRRORED = {4: 5, 5: 4, 6: 7, 7: 6, 8: 9, 9: 8}
"""Labels of left and right eyes, brows and ears."""


def mirrored_labels(label_map: np.ndarray) -> np.ndarray:
    swapped = label_map.copy()
    for label, other in MIRRORED.items():
        swapped[label_map == label] = other
    return swapped[:, ::-1]


def test_every_entry_has_its_shape_and_dtype(builder, storage):
    batch = next(train_batches(builder, "train", entries=ALL, batch_size=4, seed=0))
    assert {key: (value.shape, value.dtype) for key, value in batch.items()} == {
        "image_t": ((4, 64, 64, 3), np.uint8),
        "mask_t": ((4, 64, 64), np.uint8),
        "mask_ref": ((4, 64, 64), np.uint8),
        "image_ref": ((4, 64, 64, 3), np.uint8),
        "attributes": ((4, 40), np.int8),
        "attributes_ref": ((4, 40), np.int8),
        "region": ((4, 64, 64), np.uint8),
        "differing_attribute": ((4,), np.int8),
        "index": ((4,), np.int32),
    }


def test_an_entry_is_the_same_whichever_others_are_asked_for(builder, storage):
    options = {"batch_size": 4, "seed": 0}
    with_others = first_batches(3, builder, "train", entries=ALL, **options)
    for entry in ALL:
        expected = [{key: batch[key] for key in ("index", entry)} for batch in with_others]
        assert_equal_batches(first_batches(3, builder, "train", entries=[entry], **options), expected)


@pytest.mark.parametrize("batches", [train_batches, EvalBatches])
def test_an_unknown_entry_is_refused(batches, builder):
    seed = {"seed": 0} if batches is train_batches else {}
    with pytest.raises(UserError, match="batch entry 'photo': unknown"):
        batches(builder, "train", entries=["photo"], batch_size=4, **seed)


def test_rows_are_the_records(builder, records, storage):
    recorded = {record["index"]: record for record in records("train")}
    for batch in first_batches(3, builder, "train", entries=ALL, batch_size=4, seed=0, flip=False):
        for row, index in enumerate(batch["index"]):
            np.testing.assert_array_equal(batch["image_t"][row], recorded[index]["image"])
            np.testing.assert_array_equal(batch["mask_t"][row], recorded[index]["mask"][..., 0])
            np.testing.assert_array_equal(batch["attributes"][row], recorded[index]["attributes"])


def test_unknown_attributes_are_0(own_directory):
    (own_directory / "CelebAMask-HQ-attribute-anno.txt").unlink()
    entries = ["attributes", "attributes_ref"]
    batch = next(train_batches(prepare(own_directory, 64), "train", entries=entries, batch_size=4, seed=0))
    assert not batch["attributes"].any()
    assert not batch["attributes_ref"].any()


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "entries"), [(2, ALL), (4, ("image_t", "mask_ref"))])
def test_any_number_of_processes_gets_the_same_global_batches(builder, processes, entries):
    options = {"entries": entries, "batch_size": 8, "seed": 3}
    shares = [
        first_batches(4, builder, "train", **options, process_index=process, process_count=processes)
        for process in range(processes)
    ]
    assert len(shares[0][0]["index"]) == 8 // processes
    assert_equal_batches(concatenated(shares), first_batches(4, builder, "train", **options))


def test_resuming_gives_the_batches_of_an_uninterrupted_run(builder):
    options = {"entries": ALL, "batch_size": 4, "seed": 3}
    uninterrupted = first_batches(7, builder, "train", **options)
    assert_equal_batches(first_batches(3, builder, "train", **options, start_step=4), uninterrupted[4:])


@pytest.mark.parametrize("batch_size", [2, 9, 20])
def test_every_example_once_per_epoch(builder, batch_size):
    batches = first_batches(18, builder, "train", entries=["attributes"], batch_size=batch_size, seed=0)
    order = np.concatenate([batch["index"] for batch in batches])
    epochs = order[: order.size // TRAIN_COUNT * TRAIN_COUNT].reshape(-1, TRAIN_COUNT)
    assert len(epochs) >= 4
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(TRAIN_COUNT), (len(epochs), 1)))
    assert len(np.unique(epochs, axis=0)) > 1, "every epoch has the same order"


def test_the_seed_changes_the_order(builder):
    options = {"entries": ["attributes"], "batch_size": 9}
    order = [next(train_batches(builder, "train", **options, seed=seed))["index"].tolist() for seed in (0, 1, -1)]
    assert order[0] != order[1] != order[2]


def test_the_reference_is_another_example(builder, records):
    recorded = {record["index"]: record for record in records("train")}
    entries = ["image_ref", "mask_ref", "attributes_ref"]
    pairs = set()
    for batch in first_batches(20, builder, "train", entries=entries, batch_size=9, seed=0, flip=False):
        for row, index in enumerate(batch["index"]):
            (source,) = [
                other for other in recorded if np.array_equal(recorded[other]["mask"][..., 0], batch["mask_ref"][row])
            ]
            assert source != index
            np.testing.assert_array_equal(batch["image_ref"][row], recorded[source]["image"])
            np.testing.assert_array_equal(batch["attributes_ref"][row], recorded[source]["attributes"])
            pairs.add((index, source))
    # 180 samples of 72 pairs: about 66 differ.
    assert len(pairs) > 50


def test_the_only_example_is_its_own_reference(builder):
    options = {"entries": ["mask_t", "mask_ref"], "batch_size": 2, "seed": 0, "flip": False}
    batch = next(train_batches(builder, "train[:1]", **options))
    np.testing.assert_array_equal(batch["mask_ref"], batch["mask_t"])


def test_the_region_of_an_example_differs_from_step_to_step(builder):
    batches = first_batches(6, builder, "train", entries=["region"], batch_size=9, seed=0, flip=False)
    of_example_0 = [batch["region"][batch["index"] == 0][0] for batch in batches]
    assert len(np.unique(of_example_0, axis=0)) > 3


@pytest.fixture(scope="module")
def plain_and_flipped(builder):
    """54 rows without and with flips: entry name to two arrays."""
    options = {"entries": ALL, "batch_size": 9, "seed": 0}
    plain, flipped = (
        {name: np.concatenate([batch[name] for batch in batches]) for name in ALL}
        for batches in (first_batches(6, builder, "train", **options, flip=flip) for flip in (False, True))
    )
    return {name: (plain[name], flipped[name]) for name in ALL}


@pytest.mark.parametrize(
    ("label_map", "others"), [("mask_t", ["image_t", "region"]), ("mask_ref", ["image_ref"])], ids=["target", "ref"]
)
def test_a_flip_mirrors_all_of_an_example_and_swaps_left_and_right_labels(label_map, others, plain_and_flipped):
    flips = 0
    for row, (plain, augmented) in enumerate(zip(*plain_and_flipped[label_map], strict=True)):
        is_flipped = not np.array_equal(plain, augmented)
        flips += is_flipped
        np.testing.assert_array_equal(augmented, mirrored_labels(plain) if is_flipped else plain)
        for name in others:
            plain_image, augmented_image = (values[row] for values in plain_and_flipped[name])
            np.testing.assert_array_equal(augmented_image, plain_image[:, ::-1] if is_flipped else plain_image)
    # 54 fair coins.
    assert 15 < flips < 39


def test_target_and_reference_are_flipped_independently(plain_and_flipped):
    target, reference = (
        (np.stack(plain_and_flipped[name][0]) != plain_and_flipped[name][1]).any((1, 2))
        for name in ("mask_t", "mask_ref")
    )
    # A quarter of 54 for each of the four cases.
    assert all(4 < np.sum((target == a) & (reference == b)) < 24 for a in (False, True) for b in (False, True))


@pytest.mark.parametrize("name", ["attributes", "attributes_ref"])
def test_a_flip_keeps_the_attributes(name, plain_and_flipped):
    plain, flipped = plain_and_flipped[name]
    np.testing.assert_array_equal(flipped, plain)


def test_evaluation_covers_the_split_once_in_order(builder, storage):
    batches = list(EvalBatches(builder, "train", entries=["mask_t"], batch_size=4))
    assert {key: value.dtype for key, value in batches[0].items()} == {
        "index": np.int32, "mask_t": np.uint8, "weight": np.float32,
    }  # fmt: skip
    weight = np.concatenate([batch["weight"] for batch in batches])
    index = np.concatenate([batch["index"] for batch in batches])
    assert weight.tolist() == [1] * 9 + [0] * 3
    assert index[weight > 0].tolist() == list(range(9))


def test_evaluation_shares_have_equal_length(builder):
    options = {"entries": ["image_t", "mask_ref"], "batch_size": 8}
    shares = [list(EvalBatches(builder, "train", **options, process_index=k, process_count=4)) for k in range(4)]
    assert_equal_batches(concatenated(shares), list(EvalBatches(builder, "train", **options)))


def test_reference_and_region_in_evaluation_do_not_depend_on_the_batch_size(builder):
    (whole,) = EvalBatches(builder, "train", entries=ALL, batch_size=9)
    (single,) = concatenated([[batch] for batch in EvalBatches(builder, "train", entries=ALL, batch_size=1)])
    assert_equal_batches([single], [whole])
    assert not any(np.array_equal(t, ref) for t, ref in zip(whole["mask_t"], whole["mask_ref"], strict=True))
    assert len(np.unique(whole["region"], axis=0)) > 1


def test_an_opened_split_can_be_evaluated_again(builder):
    batches = EvalBatches(builder, "train", entries=ALL, batch_size=4)
    assert_equal_batches(list(batches), list(batches))


def test_an_empty_split_is_named(own_directory):
    mapping = own_directory / "CelebA-HQ-to-CelebA-mapping.txt"
    mapping.write_text("\n".join(mapping.read_text().splitlines()[:3]))
    only_train = prepare(own_directory, 64)
    with pytest.raises(
        UserError, match=r"no examples in split 'validation'; set config\.data\.eval_split .*train \(2\)"
    ):
        EvalBatches(only_train, "validation", entries=["mask_t"], batch_size=2)
    with pytest.raises(UserError, match=r"config\.data\.train_split"):
        train_batches(only_train, "test", entries=["mask_t"], batch_size=2, seed=0)


def test_a_batch_that_the_processes_cannot_share_equally_is_refused(builder):
    with pytest.raises(UserError, match=r"config\.batch_size = 6: expected a multiple of 4"):
        train_batches(builder, "train", entries=["mask_t"], batch_size=6, seed=0, process_count=4)
