"""Records that can't be read: replaced by others, always the same, and only where they are needed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from array_record.python.array_record_module import ArrayRecordWriter

from data_pipeline import records
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf, tfds
from data_pipeline.input_pipeline import EvalBatches
from data_pipeline.prepare import prepare
from tests.data_pipeline.batches import assert_equal_batches, concatenated, first_batches

ENTRIES = ("image_t", "mask_t", "mask_ref")
WITHOUT_PHOTOS = ("mask_t", "mask_ref", "attributes", "attributes_ref", "region")


def stored_records(builder) -> list[bytes]:
    return list(builder.as_data_source("train", deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES))


@pytest.fixture
def corrupt(raw_directory, builder, tmp_path):
    """The prepared data with a flipped bit on the disk in records 4 and 5 of the training split."""
    copy = Path(shutil.copytree(Path(builder.data_dir).parents[2], tmp_path / "prepared"))
    (records_file,) = copy.rglob("*-train.array_record*")
    content = bytearray(records_file.read_bytes())
    stored = stored_records(builder)
    for row in (4, 5):
        content[place_in(content, stored[row])] ^= 1
    records_file.write_bytes(content)
    return prepare(raw_directory, 64, copy)


def place_in(content: bytearray, record: bytes) -> int:
    """Return where a piece of a record's photo is in a file; compressible pieces are not there as they are."""
    photo = tf.train.Example.FromString(record).features.feature["image"].bytes_list.value[0]
    pieces = (photo[start : start + 40] for start in range(100, len(photo) - 40, 40))
    return next(place for piece in pieces if (place := content.find(piece)) >= 0)


@pytest.fixture
def with_corrupt_photos(raw_directory, builder, tmp_path) -> Callable:
    """Builder over the prepared data with photos that are no PNG in some records of the training split."""

    def make(rows: range):
        copy = Path(shutil.copytree(Path(builder.data_dir).parents[2], tmp_path / "prepared"))
        (records_file,) = copy.rglob("*-train.array_record*")
        writer = ArrayRecordWriter(str(records_file), "group_size:1")
        for row, stored in enumerate(stored_records(builder)):
            example = tf.train.Example.FromString(stored)
            if row in rows:
                example.features.feature["image"].bytes_list.value[0] = b"no photo"
            writer.write(example.SerializeToString())
        writer.close()
        return prepare(raw_directory, 64, copy)

    return make


def test_no_photo_is_decoded_unless_asked_for(builder, with_corrupt_photos, storage):
    without_photos = with_corrupt_photos(range(9))
    options = {"entries": WITHOUT_PHOTOS, "batch_size": 4, "seed": 3}
    assert_equal_batches(
        first_batches(3, without_photos, "train", **options), first_batches(3, builder, "train", **options)
    )
    for entry in ("image_t", "image_ref"):
        with pytest.raises(UserError, match="1 of the 9 records of split 'train' can't be read"):
            first_batches(1, without_photos, "train", entries=[entry], batch_size=4, seed=3)


def test_a_reference_mask_is_used_though_the_photo_of_its_record_is_corrupt(builder, with_corrupt_photos, storage):
    options = {"entries": ["image_t", "mask_ref"], "batch_size": 9, "seed": 3}
    intact = first_batches(3, builder, "train", **options)
    batches = first_batches(3, with_corrupt_photos(range(4, 6)), "train", **options, max_bad_fraction=0.3)
    for batch, original in zip(batches, intact, strict=True):
        np.testing.assert_array_equal(batch["mask_ref"], original["mask_ref"])
        assert batch["index"].tolist() == [6 if index in (4, 5) else index for index in original["index"]]


def test_an_unreadable_record_is_always_replaced_by_the_same_one(builder, corrupt, storage):
    options = {"entries": ENTRIES, "batch_size": 4, "seed": 3}
    intact = first_batches(4, builder, "train", **options)
    options["max_bad_fraction"] = 0.3
    batches = first_batches(4, corrupt, "train", **options)
    for batch, original in zip(batches, intact, strict=True):
        assert batch["index"].tolist() == [6 if index in (4, 5) else index for index in original["index"]]
        same = batch["index"] == original["index"]
        np.testing.assert_array_equal(batch["image_t"][same], original["image_t"][same])
    assert_equal_batches(first_batches(3, corrupt, "train", **options, start_step=1), batches[1:])
    shares = [first_batches(4, corrupt, "train", **options, process_index=k, process_count=2) for k in range(2)]
    assert_equal_batches(concatenated(shares), batches)


def test_both_storages_replace_alike(corrupt, monkeypatch):
    options = {"entries": ENTRIES, "batch_size": 4, "seed": 3, "max_bad_fraction": 0.3}
    in_memory = first_batches(4, corrupt, "train", **options)
    monkeypatch.setattr(records, "IN_MEMORY_BYTES", 0)
    assert_equal_batches(first_batches(4, corrupt, "train", **options), in_memory)


def test_evaluation_replaces_too(corrupt, storage):
    (batch,) = EvalBatches(corrupt, "train", entries=ENTRIES, batch_size=9, max_bad_fraction=0.3)
    assert batch["index"].tolist() == [0, 1, 2, 3, 6, 6, 6, 7, 8]


def test_more_unreadable_records_than_allowed_are_named(corrupt, storage):
    message = r"2 of the 9 records of split 'train' can't be read \(4, 5, .* config\.data\.max_bad_fraction = 0\.2 "
    with pytest.raises(UserError, match=message):
        first_batches(3, corrupt, "train", entries=ENTRIES, batch_size=9, seed=0, max_bad_fraction=0.2)
