"""Photos and masks of every kind that users have, and what is wrong with the others."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.labels import PALETTE
from data_pipeline.synthetic_faces import face, render
from maskgan_jax.photos import grid
from maskgan_jax.photos.files import read_label_map, read_photo


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A photo and its mask as PNG files of 96 px."""
    original = face(0, 9)
    paths = {name: tmp_path / f"{name}.png" for name in ("image", "mask")}
    for path, pixels in zip(paths.values(), render(original.geometry, original.style, 96), strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def test_grey_photos_become_rgb(files, tmp_path):
    Image.open(files["image"]).convert("L").save(tmp_path / "grey.png")
    photo = read_photo(tmp_path / "grey.png")
    assert photo.shape == (96, 96, 3)
    np.testing.assert_array_equal(photo[..., 0], photo[..., 2])


def test_16_bit_grey_photos_keep_their_range(tmp_path):
    Image.fromarray(np.array([[0, 65535], [32768, 256]], np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "deep.png")[..., 0], [[0, 255], [128, 1]])


def test_floating_point_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "float.tiff")
    with pytest.raises(UserError, match=r"float\.tiff: its pixels are floating-point numbers"):
        read_photo(tmp_path / "float.tiff")


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
    with pytest.raises(UserError, match=r"mask\.png: label 19 is above 18 \(first of 1 pixels: column 5, row 7\)"):
        read_label_map(files["mask"])


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_mask_may_be_painted_in_the_palettes_colours(files, tmp_path, mode):
    labels = read_label_map(files["mask"])
    Image.fromarray(PALETTE[labels]).convert(mode).save(tmp_path / "painted.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "painted.png"), labels)


def test_a_mask_written_as_palette_image_reads_back_and_shows_its_colours(files, tmp_path):
    labels = read_label_map(files["mask"])
    grid.save(grid.of_labels(labels), tmp_path / "palette.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "palette.png"), labels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "palette.png").convert("RGB")), PALETTE[labels])


def test_of_a_palette_image_the_colours_count_and_not_their_numbers(files, tmp_path):
    labels = read_label_map(files["mask"])
    Image.fromarray(PALETTE[labels]).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "renumbered.png")
    assert not (np.asarray(Image.open(tmp_path / "renumbered.png")) == labels).all()
    np.testing.assert_array_equal(read_label_map(tmp_path / "renumbered.png"), labels)


def test_a_palette_of_greys_holds_labels(files, tmp_path):
    labels = read_label_map(files["mask"])
    image = Image.fromarray(labels, "P")
    image.putpalette(np.arange(256).repeat(3).tolist())
    image.save(tmp_path / "grey_palette.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "grey_palette.png"), labels)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(UserError, match="a folder; name an image file"):
        read_photo(tmp_path)


def test_a_colour_off_the_palette_is_named_with_its_place(tmp_path):
    painted = np.zeros((4, 4, 3), np.uint8)
    painted[1, 2:] = [1, 2, 3]
    Image.fromarray(painted).save(tmp_path / "soft.png")
    with pytest.raises(
        UserError, match=r"soft\.png: colour \(1, 2, 3\) is no class's; .* \(first of 2 pixels: column 2, row 1\)"
    ):
        read_label_map(tmp_path / "soft.png")


def test_a_16_bit_image_is_no_mask(tmp_path):
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match=r"deep\.png: a I;16 image; a mask is a single-channel 8-bit image"):
        read_label_map(tmp_path / "deep.png")


def test_what_is_no_image_at_all_is_named(tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    with pytest.raises(UserError, match=r"notes\.png: not an image"):
        read_photo(tmp_path / "notes.png")
    with pytest.raises(UserError, match=r"nothing\.png: no such file"):
        read_photo(tmp_path / "nothing.png")
