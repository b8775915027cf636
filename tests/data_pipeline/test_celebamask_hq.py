"""The builder reads the raw layout; what is wrong with it is one line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.celeba_splits import split_of
from data_pipeline.errors import UserError
from data_pipeline.prepare import prepare

MASK_SIDE = 128
MERGE_ORDER = (
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear",
    "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip


def expected_label_map(directory: Path, index: int, size: int) -> np.ndarray:
    merged = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    for label, part in enumerate(MERGE_ORDER, start=1):
        mask = Image.open(directory / f"CelebAMask-HQ-mask-anno/0/{index:05d}_{part}.png")
        merged = np.where(np.asarray(mask)[..., 0] > 0, label, merged)
    nearest = ((np.arange(size) + 0.5) * MASK_SIDE / size).astype(int)
    return merged[nearest][:, nearest]


def error_of(directory: Path, size: int = 64) -> str:
    with pytest.raises(UserError) as caught:
        prepare(directory, size)
    message = str(caught.value)
    assert "\n" not in message
    prepared = directory / "prepared"
    assert not prepared.exists() or not list(prepared.iterdir()), "incomplete records are left"
    return message


def test_label_maps_are_exact(records, raw_directory):
    for record in records("train"):
        expected = expected_label_map(raw_directory, record["index"], 64)
        np.testing.assert_array_equal(record["mask"][..., 0], expected)


def test_photos_are_resized_with_an_antialiased_lanczos_filter(records, raw_directory):
    # From 256 to 64 px: three lobes on each side, stretched by 4.
    distance = (np.arange(256) + 0.5) / 4 - (np.arange(64)[:, None] + 0.5)
    weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    for record in records("validation"):
        photo = np.asarray(Image.open(raw_directory / f"CelebA-HQ-img/{record['index']}.jpg"), float)
        expected = np.einsum("yi,xj,ijc->yxc", weights, weights, photo, optimize=True).clip(0, 255)
        # Pillow rounds after each of the two directions.
        np.testing.assert_allclose(record["image"], expected, atol=1.5)


def test_attributes_and_pose_belong_to_the_example(records):
    for record in records("train"):
        index = record["index"]
        assert record["attributes"].tolist() == [1 if (index + k) % 3 == 0 else -1 for k in range(40)]
        assert record["pose"].tolist() == [index + 0.25, -index, index / 2]


def test_splits_are_those_of_celeba(records):
    assert [record["index"] for record in records("train")] == list(range(9))
    assert [record["index"] for record in records("validation")] == [9, 10]
    assert [record["index"] for record in records("test")] == [11, 12]


@pytest.mark.parametrize(
    ("celeba_index", "split"),
    [(0, "train"), (162_770, "train"), (162_771, "validation"), (182_637, "validation"), (182_638, "test")],
)
def test_the_split_changes_at_the_boundaries_of_celeba(celeba_index, split):
    assert split_of(celeba_index) == split


def test_attributes_and_poses_may_be_absent(own_directory, caplog):
    (own_directory / "CelebAMask-HQ-attribute-anno.txt").unlink()
    (own_directory / "CelebAMask-HQ-pose-anno.txt").unlink()

    builder = prepare(own_directory, 64)

    warnings = [log.getMessage() for log in caplog.records if log.levelname == "WARNING"]
    assert warnings == [
        f"{own_directory}/CelebAMask-HQ-attribute-anno.txt: missing, so attributes are all 0",
        f"{own_directory}/CelebAMask-HQ-pose-anno.txt: missing, so poses are all NaN",
    ]
    record = builder.as_data_source("test")[0]
    assert record["attributes"].tolist() == [0] * 40
    assert np.isnan(record["pose"]).all()


def test_masks_with_alpha_grey_photos_and_rotated_photos_are_converted(own_directory, records):
    mask = own_directory / "CelebAMask-HQ-mask-anno/0/00011_cloth.png"
    opaque = Image.open(mask).convert("RGBA")
    opaque.save(mask)
    grey = Image.open(own_directory / "CelebA-HQ-img/11.jpg").convert("L")
    grey.save(own_directory / "CelebA-HQ-img/11.jpg")
    stored = Image.open(own_directory / "CelebA-HQ-img/12.jpg")
    orientation = Image.Exif()
    orientation[0x0112] = 3  # rotated by 180 degrees
    stored.save(own_directory / "CelebA-HQ-img/12.jpg", exif=orientation, quality=95)

    grey_record, rotated_record = prepare(own_directory, 64).as_data_source("test")

    np.testing.assert_array_equal(grey_record["mask"], records("test")[0]["mask"])
    assert (grey_record["image"] == grey_record["image"][..., :1]).all()
    upright = np.asarray(records("test")[1]["image"], int)
    assert np.abs(rotated_record["image"][::-1, ::-1] - upright).mean() < 2


def test_a_missing_directory_is_refused(tmp_path):
    message = error_of(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in message
    assert "no such directory" in message


@pytest.mark.parametrize("name", ["CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebA-HQ-to-CelebA-mapping.txt"])
def test_a_directory_without_the_layout_is_refused(own_directory, name):
    (own_directory / name).rename(own_directory / "elsewhere")
    message = error_of(own_directory)
    assert message.startswith(f"{own_directory / name}: missing; a raw data directory holds CelebA-HQ-img/")


def test_a_missing_photo_is_named(own_directory):
    (own_directory / "CelebA-HQ-img/4.jpg").unlink()
    assert f"{own_directory}/CelebA-HQ-img/4.jpg: missing" in error_of(own_directory)


def test_an_example_without_masks_is_named(own_directory):
    for path in (own_directory / "CelebAMask-HQ-mask-anno/0").glob("00004_*.png"):
        path.unlink()
    assert "00004_<part>.png: no mask of any part" in error_of(own_directory)


def test_an_unknown_part_is_named(own_directory):
    hair = own_directory / "CelebAMask-HQ-mask-anno/0/00004_hair.png"
    hair.rename(hair.with_name("00004_hairs.png"))
    assert "00004_hairs.png: 'hairs' is not a part" in error_of(own_directory)


@pytest.mark.parametrize(
    "name", ["CelebA-HQ-img/0.jpg", "CelebA-HQ-img/7.jpg", "CelebAMask-HQ-mask-anno/0/00007_hair.png"]
)
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.6])
def test_a_truncated_image_is_named(own_directory, name, kept):
    path = own_directory / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    assert error_of(own_directory).startswith(f"{path}: not a readable image")


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("CelebA-HQ-img/0.jpg", (256, 200), "expected a square image"),
        ("CelebA-HQ-img/0.jpg", (200, 200), "expected 128x128 as its masks, or twice that"),
        ("CelebA-HQ-img/7.jpg", (200, 200), "expected 256x256 as in the first example"),
        ("CelebAMask-HQ-mask-anno/0/00007_nose.png", (128, 64), "expected 128x128 as in the first example"),
    ],
)
def test_an_image_of_another_size_is_named(own_directory, name, size, expected):
    Image.open(own_directory / name).resize(size).save(own_directory / name)
    message = error_of(own_directory)
    assert message.startswith(f"{own_directory / name}: {size[0]}x{size[1]} px")
    assert expected in message


def test_masks_smaller_than_the_requested_size_are_refused(own_directory):
    assert "masks of 128 px can't be prepared at 256 px" in error_of(own_directory, size=256)


def test_an_unknown_size_is_refused(raw_directory):
    with pytest.raises(UserError, match="size 100: can't be prepared; choose one of 64, 128, 256, 512"):
        prepare(raw_directory, 100)


@pytest.mark.parametrize(
    ("name", "line_number", "line"),
    [
        ("CelebA-HQ-to-CelebA-mapping.txt", 1, "0 100 000100.jpg"),
        ("CelebA-HQ-to-CelebA-mapping.txt", 4, "two 102 000102.jpg"),
        ("CelebA-HQ-to-CelebA-mapping.txt", 5, "3 103"),
        ("CelebAMask-HQ-attribute-anno.txt", 6, "3.jpg 1 -1 1"),
        ("CelebAMask-HQ-attribute-anno.txt", 6, "3.jpg" + " 2" * 40),
        ("CelebAMask-HQ-pose-anno.txt", 7, "4.jpg 1.5 north 0"),
    ],
)
def test_a_malformed_line_is_named(own_directory, name, line_number, line):
    lines = (own_directory / name).read_text().splitlines()
    lines[line_number - 1] = line
    (own_directory / name).write_text("\n".join(lines))
    assert error_of(own_directory).startswith(f"{own_directory / name}:{line_number}: expected")


def test_an_example_missing_in_a_table_is_named(own_directory):
    path = own_directory / "CelebAMask-HQ-pose-anno.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    assert error_of(own_directory).startswith(f"{path}: no line for 12.jpg")


def test_a_file_of_annotations_that_a_task_learns_from_must_be_there(own_directory):
    path = own_directory / "CelebAMask-HQ-attribute-anno.txt"
    path.unlink()
    with pytest.raises(UserError) as caught:
        prepare(own_directory, 64, annotated=("attributes",))
    assert str(caught.value) == f"{path}: missing, and this task learns from it; add the file"
    assert not (own_directory / "prepared").exists()


def test_attributes_in_another_order_are_refused(own_directory):
    path = own_directory / "CelebAMask-HQ-attribute-anno.txt"
    count, names, *rows = path.read_text().splitlines()
    path.write_text("\n".join([count, " ".join(reversed(names.split())), *rows]) + "\n")
    assert error_of(own_directory).startswith(f"{path}:2: expected CelebA's 40 names in its order, found 'Young ")


def test_data_is_prepared_only_once(own_directory):
    first = prepare(own_directory, 64)
    (own_directory / "CelebA-HQ-img/7.jpg").write_bytes(b"")
    assert prepare(own_directory, 64).data_dir == first.data_dir


def test_records_of_other_raw_data_are_refused(own_directory):
    builder = prepare(own_directory, 64)
    mapping = own_directory / "CelebA-HQ-to-CelebA-mapping.txt"
    mapping.write_text("\n".join(mapping.read_text().splitlines()[:-1]))
    with pytest.raises(UserError) as caught:
        prepare(own_directory, 64)
    assert str(caught.value).startswith(f"{builder.data_dir}: made from other raw data")


@pytest.mark.slow
def test_the_command_prints_one_line_for_a_user_error(own_directory):
    (own_directory / "CelebA-HQ-img/7.jpg").unlink()
    command = [sys.executable, "-m", "data_pipeline.prepare", f"--directory={own_directory}", "--size=64"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(f"error: {own_directory}/CelebA-HQ-img/7.jpg: missing")
    assert "Traceback" not in run.stderr
