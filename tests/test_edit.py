"""The edit command, on image files of every kind that users have, with the generator of a tiny run."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing import Editor
from maskgan_jax.errors import UserError
from maskgan_jax.photos import read_label_map, read_photo
from tests.commands import run_command


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A photo, its mask and an edited mask as PNG files of 96 px."""
    original = face(0, 9)
    photo, mask = render(original.geometry, original.style, 96)
    _, edited = render(EDITS["open_mouth"](original.geometry), original.style, 96)
    paths = {name: tmp_path / f"{name}.png" for name in ("image", "mask", "edited-mask")}
    for path, pixels in zip(paths.values(), (photo, mask, edited), strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def edit(checkpoint: Path, files: dict[str, Path], out: Path):
    options = [f"--{name}={path}" for name, path in files.items()]
    return run_command("maskgan_jax.edit", f"--checkpoint={checkpoint}", *options, f"--out={out}")


@pytest.mark.slow
def test_the_command_writes_the_edited_photo(runs, files, tmp_path):
    done = edit(runs / "ebst", files, tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    result = Image.open(tmp_path / "out.png")
    assert (result.size, result.mode) == ((64, 64), "RGB")

    editor = Editor(runs / "ebst")
    expected = editor.edit(read_photo(files["image"]), *(read_label_map(files[n]) for n in ("mask", "edited-mask")))
    np.testing.assert_array_equal(np.asarray(result), expected)


@pytest.mark.slow
def test_a_mask_of_another_size_is_one_line_and_no_file(runs, files, tmp_path):
    Image.open(files["edited-mask"]).resize((64, 64), Image.Resampling.NEAREST).save(files["edited-mask"])
    done = edit(runs / "ebst", files, tmp_path / "out.png")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {files['edited-mask']}: 64x64 pixels, but")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_the_editor_draws_with_the_moving_average(runs):
    import jax

    from maskgan_jax import checkpoints

    editor = Editor(runs / "ebst")
    shapes = jax.eval_shape(lambda: editor._variables["params"])
    average = checkpoints.load_part(runs / "ebst", {"average": {"generator": shapes}}, "test")["average"]["generator"]
    jax.tree.map(np.testing.assert_array_equal, editor._variables["params"], average)


def test_a_run_that_draws_no_photos_is_refused(runs):
    with pytest.raises(UserError, match="a mask_vae run, which draws no photos"):
        Editor(runs / "mask_vae")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="no run there"):
        Editor(tmp_path)


def test_grey_photos_become_rgb(files, tmp_path):
    Image.open(files["image"]).convert("L").save(tmp_path / "grey.png")
    photo = read_photo(tmp_path / "grey.png")
    assert photo.shape == (96, 96, 3)
    np.testing.assert_array_equal(photo[..., 0], photo[..., 2])


def test_16_bit_grey_photos_keep_their_range(tmp_path):
    Image.fromarray(np.array([[0, 65535], [32768, 256]], np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "deep.png")[..., 0], [[0, 255], [128, 1]])


def test_transparent_parts_are_laid_over_white(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0] = [200, 100, 50, 255]
    Image.fromarray(pixels).save(tmp_path / "alpha.png")
    photo = read_photo(tmp_path / "alpha.png")
    np.testing.assert_array_equal(photo[0, 0], [200, 100, 50])
    np.testing.assert_array_equal(photo[1, 1], [255, 255, 255])


def test_exif_rotation_is_applied(tmp_path):
    upright = np.zeros((4, 4, 3), np.uint8)
    upright[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to see it upright
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "turned.png"), upright)


def test_a_truncated_jpeg_names_the_file(files, tmp_path):
    Image.open(files["image"]).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:700])
    with pytest.raises(UserError, match=r"half\.jpg: damaged image \(.*truncated"):
        read_photo(tmp_path / "half.jpg")


def test_a_label_above_18_is_named_with_its_place(files):
    labels = np.asarray(Image.open(files["mask"])).copy()
    labels[7, 5] = 19
    Image.fromarray(labels).save(files["mask"])
    with pytest.raises(UserError, match=r"mask\.png: label 19 is above 18 \(first at column 5, row 7\)"):
        read_label_map(files["mask"])


def test_a_colour_image_is_no_label_map(files):
    with pytest.raises(UserError, match=r"image\.png: a RGB image; a mask is a single-channel 8-bit image"):
        read_label_map(files["image"])


def test_what_is_no_image_at_all_is_named(tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    with pytest.raises(UserError, match=r"notes\.png: not an image"):
        read_photo(tmp_path / "notes.png")
    with pytest.raises(UserError, match=r"nothing\.png: no such file"):
        read_photo(tmp_path / "nothing.png")
