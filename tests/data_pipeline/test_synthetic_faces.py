"""Synthetic faces: image and label map, edits with a known result, and the layout on disk."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES, NUM_CLASSES, PARTS, merge_parts
from data_pipeline.synthetic_faces import EDITS, attributes_of, face, render, split_of, write
from data_pipeline.synthetic_faces.__main__ import main
from data_pipeline.synthetic_faces.geometry import Glasses, Hat, Necklace
from data_pipeline.synthetic_faces.splits import MAX_COUNT, celeba_index

SIZE = 64


def face_with(**parts):
    """Return face 3 with some parts of its geometry replaced."""
    one = face(seed=0, index=3)
    return replace(one, geometry=replace(one.geometry, **parts))


def near(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Dilate a mask by some pixels on all sides."""
    padded = np.pad(mask, pixels)
    height, width = mask.shape
    steps = range(2 * pixels + 1)
    return np.any([padded[y : y + height, x : x + width] for y in steps for x in steps], axis=0)


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference of every pixel, in 0..255."""
    return np.abs(first.astype(np.int16) - second).mean(axis=-1)


def test_a_face_is_an_image_and_a_label_map():
    one = face(seed=0, index=0)
    image, labels = render(one.geometry, one.style, SIZE)
    assert (image.shape, image.dtype) == ((SIZE, SIZE, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((SIZE, SIZE), np.uint8)
    assert labels.max() < NUM_CLASSES


def test_the_same_seed_and_index_give_the_same_face():
    one, again = face(seed=7, index=5), face(seed=7, index=5)
    assert one == again
    for first, second in zip(render(*vars(one).values(), SIZE), render(*vars(again).values(), SIZE), strict=True):
        np.testing.assert_array_equal(first, second)


def test_faces_differ_from_each_other():
    images = np.stack([render(*vars(face(0, index)).values(), 32)[0] for index in range(12)]).astype(np.float32)
    distances = np.abs(images[:, None] - images[None]).mean(axis=(2, 3, 4))[~np.eye(12, dtype=bool)]
    assert distances.min() > 10.0
    assert face(0, 1) != face(1, 1)


@pytest.mark.parametrize("size", [0, 16, 100, 528])
def test_sizes_that_cannot_be_rendered_are_refused(size):
    one = face(0, 0)
    with pytest.raises(ValueError, match=f"multiple of 16 from 32 to 512, got {size}"):
        render(one.geometry, one.style, size)


def test_a_face_looks_the_same_at_every_size():
    one = face(0, 2)
    small, small_labels = render(one.geometry, one.style, 64)
    large, large_labels = render(one.geometry, one.style, 256)
    shrunk = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert difference(small, shrunk).mean() < 4.0
    assert (small_labels == large_labels[2::4, 2::4]).mean() > 0.95


def test_every_class_occurs():
    counts = np.zeros(NUM_CLASSES, int)
    for index in range(150):
        one = face(0, index)
        counts += np.bincount(np.unique(render(one.geometry, one.style, SIZE)[1]), minlength=NUM_CLASSES)
    assert {name: count for name, count in zip(CLASSES, counts, strict=True) if count < 5} == {}


def test_left_is_the_persons_left_as_in_celebamask_hq():
    one = face_with(hat=None, glasses=None)
    labels = render(one.geometry, one.style, SIZE)[1]
    for part in ("eye", "brow"):
        columns = {side: np.nonzero(labels == CLASSES.index(f"{side}_{part}"))[1].mean() for side in "lr"}
        assert columns["r"] < columns["l"]


def test_the_label_map_depends_on_the_geometry_alone():
    geometry = face(0, 0).geometry
    first, second = (render(geometry, face(0, index).style, SIZE) for index in (0, 1))
    np.testing.assert_array_equal(first[1], second[1])
    assert difference(first[0], second[0]).mean() > 10.0


@pytest.mark.parametrize(
    ("colour", "parts", "geometry"),
    [
        ("clothes", ["cloth"], {}),
        ("hat", ["hat"], {"hat": Hat(kind="beanie", height=0.15, edge=-0.4)}),
        ("iris", ["l_eye", "r_eye"], {}),
        ("lips", ["u_lip", "l_lip"], {}),
        ("hair", ["hair", "l_brow", "r_brow"], {}),
        ("jewellery", ["neck_l"], {"necklace": Necklace(depth=0.05, thickness=0.03, pendant=0.0), "earrings": None}),
        ("glasses", ["eye_g"], {"glasses": Glasses(width=0.15, height=0.11, roundness=3.0, thickness=0.02)}),
    ],
)
def test_a_colour_is_where_its_parts_labels_are(colour, parts, geometry):
    one = face_with(**geometry)
    style = replace(one.style, stripes=0.0, stubble=0.0)
    red, labels = render(one.geometry, replace(style, **{colour: (0.9, 0.1, 0.1)}), SIZE)
    blue, _ = render(one.geometry, replace(style, **{colour: (0.1, 0.1, 0.9)}), SIZE)
    labelled = np.isin(labels, [CLASSES.index(part) for part in parts])
    change = difference(red, blue)
    assert change[labelled].max() > 60.0
    assert change[~near(labelled, 1)].max() < 40.0
    if colour in ("clothes", "hat", "lips"):
        assert (change[labelled] > 20.0).mean() > 0.9


def test_eyes_are_visible_through_glasses():
    one = face_with(glasses=Glasses(width=0.15, height=0.11, roundness=3.0, thickness=0.02))
    labels = render(one.geometry, one.style, SIZE)[1]
    eyes = np.isin(labels, [CLASSES.index("l_eye"), CLASSES.index("r_eye")])
    assert eyes.any()
    assert np.isin(labels[near(eyes, 1)], [CLASSES.index(name) for name in ("eye_g", "l_eye", "r_eye")]).mean() > 0.9


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_the_label_map_and_little_else(name):
    changed_share, elsewhere = [], []
    for index in range(12):
        one = face(0, index)
        edited = EDITS[name](one.geometry)
        before, labels = render(one.geometry, one.style, SIZE)
        after, target = render(edited, one.style, SIZE)
        moved = labels != target
        changed_share.append(moved.mean())
        elsewhere.append(difference(before, after)[~near(moved, 2)].mean())
        assert (edited.pose, edited.body, edited.glasses, edited.hat) == (
            one.geometry.pose, one.geometry.body, one.geometry.glasses, one.geometry.hat,
        )  # fmt: skip
    assert np.median(changed_share) > 0.001
    assert np.mean(np.array(changed_share) > 0) > 0.9
    assert max(elsewhere) < 3.0


def test_background_and_clothes_stay_when_the_face_is_edited():
    one = face(0, 1)
    before, labels = render(one.geometry, one.style, SIZE)
    for name in ("smile", "open_mouth", "bigger_eyes", "raise_brows", "bigger_nose"):
        after, _ = render(EDITS[name](one.geometry), one.style, SIZE)
        still = np.isin(labels, [CLASSES.index(part) for part in ("background", "cloth", "neck")])
        assert difference(before, after)[still & ~near(~still, 1)].max() <= 1.0


def test_attributes_follow_from_the_parameters():
    one = face_with(hat=None, glasses=Glasses(width=0.15, height=0.11, roundness=3.0, thickness=0.02))
    attributes = dict(zip(ATTRIBUTES, attributes_of(EDITS["smile"](one.geometry), one.style), strict=True))
    assert len(attributes) == 40
    assert set(attributes.values()) <= {-1, 1}
    assert attributes["Smiling"] == attributes["Mouth_Slightly_Open"] == attributes["Eyeglasses"] == 1
    assert attributes["Wearing_Hat"] == attributes["Wearing_Necktie"] == -1


def test_splits_follow_celeba_and_do_not_depend_on_the_count():
    origins = [celeba_index(index) for index in range(MAX_COUNT)]
    assert len(set(origins)) == MAX_COUNT
    for index in range(0, MAX_COUNT, 1009):
        # CelebA's own list: validation from 162771 up to 182637, test from 182638, the rest train.
        expected = "test" if origins[index] >= 182638 else "validation" if origins[index] >= 162771 else "train"
        assert split_of(index) == expected
    assert [split_of(index) for index in range(100)].count("train") == 80
    assert [split_of(index) for index in range(100)].count("test") == 10


def test_the_written_parts_merge_back_to_the_label_map(tmp_path):
    assert write(tmp_path / "faces", count=6, size=SIZE, seed=3)
    for index in range(6):
        one = face(3, index)
        image, labels = render(one.geometry, one.style, SIZE)
        folder = tmp_path / "faces/CelebAMask-HQ-mask-anno/0"
        parts = {}
        for part in PARTS:
            file = folder / f"{index:05d}_{part}.png"
            assert file.exists() == (CLASSES.index(part) in labels)
            if file.exists():
                mask = Image.open(file)
                assert mask.mode == "L"
                parts[part] = np.asarray(mask)
                assert set(np.unique(parts[part])) <= {0, 255}
        np.testing.assert_array_equal(merge_parts(parts, (SIZE, SIZE)), labels)
        photo = np.asarray(Image.open(tmp_path / f"faces/CelebA-HQ-img/{index}.jpg"))
        assert difference(photo, image).mean() < 3.0


def test_the_written_tables_have_the_layout_of_celebamask_hq(tmp_path):
    write(tmp_path, count=3, size=32, seed=1)
    mapping = (tmp_path / "CelebA-HQ-to-CelebA-mapping.txt").read_text().splitlines()
    assert mapping[0].split() == ["idx", "orig_idx", "orig_file"]
    assert mapping[2].split() == ["1", "1", "000001.jpg"]
    attributes = (tmp_path / "CelebAMask-HQ-attribute-anno.txt").read_text().splitlines()
    assert (attributes[0], attributes[1].split()) == ("3", list(ATTRIBUTES))
    assert attributes[4].split()[0] == "2.jpg"
    one = face(1, 2)
    assert [int(value) for value in attributes[4].split()[1:]] == attributes_of(*vars(one).values()).tolist()
    poses = (tmp_path / "CelebAMask-HQ-pose-anno.txt").read_text().splitlines()
    assert (poses[0], len(poses)) == ("3", 5)
    pose = one.geometry.pose
    assert poses[4].split()[0] == "2.jpg"
    np.testing.assert_allclose(
        [float(angle) for angle in poses[4].split()[1:]], [pose.yaw, pose.pitch, pose.roll], atol=1e-3
    )


def test_writing_again_leaves_the_same_data_and_refuses_other_data(tmp_path):
    out = tmp_path / "faces"
    assert write(out, count=2, size=32, seed=0)
    written = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
    assert not write(out, count=2, size=32, seed=0)
    with pytest.raises(UserError, match="holds other data"):
        write(out, count=2, size=32, seed=1)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == written


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 33}, "size must be a multiple of 16 from 32 to 512, got 33"),
        ({"count": 0}, "count must be 1 to"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
    ],
)
def test_arguments_out_of_range_are_refused(tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        write(tmp_path / "faces", **{"count": 1, "size": 32, "seed": 0} | arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_no_files(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules[write.__module__], "_write_tables", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "faces", count=2, size=32, seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stopped_by_a_signal_leaves_no_files(tmp_path, stop):
    # A shell's background job and its children ignore SIGINT.
    with_default_sigint = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    faces = ["-m", "data_pipeline.synthetic_faces", f"--out={tmp_path / 'faces'}", "--count=20000", "--size=32"]
    command = [sys.executable, "-c", with_default_sigint, sys.executable, *faces]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not list(tmp_path.rglob("*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (tmp_path / "faces").exists()
    process.send_signal(stop)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + stop
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_many_faces_are_written_by_several_processes(tmp_path):
    write(tmp_path / "faces", count=80, size=32, seed=0)
    assert {int(file.stem) for file in (tmp_path / "faces/CelebA-HQ-img").iterdir()} == set(range(80))


def test_the_command_prints_a_user_error_in_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "holiday.jpg").touch()
    monkeypatch.setattr(sys, "argv", ["synthetic_faces", f"--out={tmp_path}", "--count=1", "--size=32"])
    assert main() == 1
    assert (
        capsys.readouterr().err
        == f"error: {tmp_path} exists and holds other data; remove it or write to another directory\n"
    )
