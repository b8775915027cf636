"""What a task can ask for, and random batches of it."""

import subprocess
import sys

import numpy as np
import pytest

from data_pipeline.batch_entries import ENTRIES, random_batch
from data_pipeline.errors import UserError


def test_a_random_batch_has_the_entries_asked_for_and_the_index():
    batch = random_batch(["image_t", "mask_ref", "attributes", "region"], batch_size=3, size=64, seed=0)
    assert {name: (values.shape, values.dtype) for name, values in batch.items()} == {
        "index": ((3,), np.int32),
        "image_t": ((3, 64, 64, 3), np.uint8),
        "mask_ref": ((3, 64, 64), np.uint8),
        "attributes": ((3, 40), np.int8),
        "region": ((3, 64, 64), np.uint8),
    }


def test_a_random_batch_has_all_valid_values_and_no_others():
    batch = random_batch(list(ENTRIES), batch_size=8, size=64, seed=0)
    for photo in ("image_t", "image_ref"):
        np.testing.assert_array_equal(np.unique(batch[photo]), np.arange(256))
    for label_map in ("mask_t", "mask_ref"):
        np.testing.assert_array_equal(np.unique(batch[label_map]), np.arange(19))
    for attributes in ("attributes", "attributes_ref"):
        np.testing.assert_array_equal(np.unique(batch[attributes]), [-1, 0, 1])
    np.testing.assert_array_equal(np.unique(batch["region"]), [0, 1])


def test_the_seed_determines_a_random_batch():
    first, again, other = (random_batch(["mask_t"], 2, 64, seed)["mask_t"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_an_unknown_entry_is_refused_with_a_list_of_the_known_ones():
    with pytest.raises(UserError, match=r"batch entry 'photo': unknown; .* image_t, mask_t, mask_ref, image_ref, "):
        random_batch(["mask_t", "photo"], batch_size=1, size=64, seed=0)


def test_entries_are_known_without_tensorflow():
    code = "import sys, data_pipeline.batch_entries; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
