"""References that differ from their target in an attribute which takes turns from row to row."""

from collections import Counter

import numpy as np
import pytest

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.input_pipeline import EvalBatches, train_batches
from data_pipeline.prepare import prepare
from data_pipeline.records import open_examples, read_all
from tests.data_pipeline.batches import assert_equal_batches, concatenated, first_batches

TRAIN_COUNT = 9
PAIRS = ("attributes", "attributes_ref", "differing_attribute", "image_ref")
NAMES = (ATTRIBUTES[0], ATTRIBUTES[1])
"""Of examples 0 to 8 the first three-fold ones have attribute 0, and the ones before them attribute 1."""


def assert_differ(batch: dict[str, np.ndarray], first: int = 0):
    rows = np.arange(len(batch["index"]))
    np.testing.assert_array_equal(batch["differing_attribute"], (first + rows) % 2)
    own, other = (batch[name][rows, batch["differing_attribute"]] for name in ("attributes", "attributes_ref"))
    np.testing.assert_array_equal(own * other, -1)


def test_target_and_reference_differ_in_each_attribute_in_turn(builder, storage):
    options = {"entries": PAIRS, "batch_size": 5, "seed": 0, "differing": NAMES}
    for step, batch in enumerate(first_batches(4, builder, "train", **options)):
        assert_differ(batch, first=5 * step)


def test_rows_are_drawn_as_without_it_but_for_their_references(builder):
    options = {"entries": ("image_t", "attributes", "region"), "batch_size": 5, "seed": 2}
    with_it = first_batches(3, builder, "train", **options, differing=NAMES)
    assert_equal_batches(with_it, first_batches(3, builder, "train", **options))


def test_without_it_no_attribute_is_named(builder):
    batch = next(train_batches(builder, "train", entries=("differing_attribute",), batch_size=5, seed=0))
    np.testing.assert_array_equal(batch["differing_attribute"], -1)


def test_of_both_kinds_every_example_is_as_frequent(builder, records):
    """3 of 9 have attribute 0: in 900 pairs each of these is expected 300 times, each of the others 150 times."""
    recorded = list(records("train"))
    by_photo = {record["image"].tobytes(): row for row, record in enumerate(recorded)}
    has = [record["attributes"][0] > 0 for record in recorded]
    assert sum(has) == 3
    counts = Counter()
    options = {"entries": ("image_t", "image_ref"), "batch_size": 90, "seed": 0, "flip": False, "differing": NAMES[:1]}
    for batch in first_batches(10, builder, "train", **options):
        counts.update(by_photo[photo.tobytes()] for name in ("image_t", "image_ref") for photo in batch[name])
    assert sum(counts.values()) == 1800
    for row in range(TRAIN_COUNT):
        # The deviation of the drawn part is 11.5 or less.
        assert abs(counts[row] - (300 if has[row] else 150)) < 50


@pytest.mark.parametrize("processes", [2, 4])
def test_any_number_of_processes_gets_the_same_pairs(builder, processes):
    options = {"entries": PAIRS, "batch_size": 8, "seed": 3, "differing": NAMES}
    shares = [
        first_batches(3, builder, "train", **options, process_index=process, process_count=processes)
        for process in range(processes)
    ]
    assert_equal_batches(concatenated(shares), first_batches(3, builder, "train", **options))


def test_resuming_gives_the_pairs_of_an_uninterrupted_run(builder):
    options = {"entries": PAIRS, "batch_size": 5, "seed": 3, "differing": NAMES}
    uninterrupted = first_batches(5, builder, "train", **options)
    assert_equal_batches(first_batches(2, builder, "train", **options, start_step=3), uninterrupted[3:])


def test_pairs_of_an_evaluation_are_always_the_same(builder, storage):
    (whole,) = EvalBatches(builder, "train", entries=PAIRS, batch_size=9, differing=NAMES)
    (single,) = concatenated([[batch] for batch in EvalBatches(builder, "train", entries=PAIRS, batch_size=1,
                                                                differing=NAMES)])  # fmt: skip
    assert_equal_batches([single], [whole])
    assert_differ(whole)


@pytest.mark.parametrize(
    ("split", "names", "message"),
    [
        ("train", ["Laughing"], r"config\.attributes: CelebA has no Laughing; choose among 5_o_Clock_Shadow"),
        ("train[:1]", NAMES[:1], r"split 'train\[:1\]' \(config\.data\.train_split\): no example lacks 5_o_Clock_Sha"),
        ("train[:1]", NAMES[1:], r"no example has Arched_Eyebrows, and pairs that differ in it need one; name another"),
    ],
)
def test_attributes_of_which_there_are_no_pairs_are_one_line(builder, split, names, message):
    with pytest.raises(UserError, match=message) as error:
        train_batches(builder, split, entries=PAIRS, batch_size=2, seed=0, differing=names)
    assert "\n" not in str(error.value)


def test_unknown_attributes_are_refused(own_directory):
    (own_directory / "CelebAMask-HQ-attribute-anno.txt").unlink()
    with pytest.raises(UserError, match="5_o_Clock_Shadow is unknown of an example; add the file of attributes"):
        EvalBatches(prepare(own_directory, 64), "train", entries=PAIRS, batch_size=2, differing=NAMES)


def test_all_rows_are_read_in_parts(builder, records, storage, monkeypatch):
    monkeypatch.setattr("data_pipeline.records.ROWS_READ_TOGETHER", 4)
    examples = open_examples(builder, "train", "", 0.0, [("attributes", "index")])
    found = read_all(examples, ("attributes", "index"))
    np.testing.assert_array_equal(found["attributes"], [record["attributes"] for record in records("train")])
    np.testing.assert_array_equal(found["index"], range(TRAIN_COUNT))
