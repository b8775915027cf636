"""A split's photos by their numbers, against the raw files."""

import shutil

import numpy as np
import pytest

from data_pipeline import raw_layout
from data_pipeline.celeba_splits import split_of
from data_pipeline.errors import UserError
from data_pipeline.split_photos import SplitPhotos


def test_photos_masks_and_annotations_are_those_of_the_raw_files(faces):
    layout = raw_layout.read_layout(faces)
    numbers = [number for number, origin in layout.celeba_index.items() if split_of(origin) == "test"]

    photos = SplitPhotos(faces, 64, "test")

    assert photos.numbers.tolist() == numbers
    for row, number in enumerate(numbers):
        assert photos.row(number) == row
        np.testing.assert_array_equal(photos.photo(number), np.asarray(layout.read_photo(number)))
        np.testing.assert_array_equal(photos.mask(number), layout.read_label_map(number))
        np.testing.assert_array_equal(photos.attributes[row], layout.attributes[number])
        np.testing.assert_array_equal(photos.poses[row], layout.poses[number])


def test_a_split_without_photos_is_an_error(faces):
    with pytest.raises(UserError, match=r"no photos in split 'holdout'; there are train \(32\), "):
        SplitPhotos(faces, 64, "holdout")


def test_records_that_can_not_be_read_are_one_line(faces, tmp_path):
    raw = shutil.copytree(faces, tmp_path / "raw")
    (records,) = raw.glob("prepared/celebamask_hq/64/*/*-test.array_record*")
    content = bytearray(records.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    records.write_bytes(content)

    def read_all() -> None:
        photos = SplitPhotos(raw, 64, "test")
        for number in photos.numbers:
            photos.photo(int(number))

    with pytest.raises(UserError, match=r"can't be read \(.*\); delete this folder to prepare it again") as raised:
        read_all()
    assert "\n" not in str(raised.value)
