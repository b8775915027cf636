"""Photos and masks of every kind that users have, errors for the others, and files written whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.labels import PALETTE
from data_pipeline.synthetic_faces import face, render
from maskgan_jax.photos.files import (
    FRAME_MILLISECONDS,
    read_label_map,
    read_photo,
    read_region,
    write_frames,
    write_label_map,
    write_photo,
)


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


def test_transparent_parts_are_composited_over_white(tmp_path):
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
    exif[0x0112] = 6  # orientation: rotate by 270 degrees to see it upright
    Image.fromarray(np.rot90(upright)).save(tmp_path / "rotated.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "rotated.png"), upright)


def test_a_truncated_jpeg_names_the_file(files, tmp_path):
    Image.open(files["image"]).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:700])
    with pytest.raises(UserError, match=r"half\.jpg: corrupt image \(.*truncated"):
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


def test_a_written_mask_is_read_back_and_has_its_colours(files, tmp_path):
    labels = read_label_map(files["mask"])
    write_label_map(labels, tmp_path / "palette.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "palette.png"), labels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "palette.png").convert("RGB")), PALETTE[labels])


def test_a_palette_image_is_read_by_its_colours_not_their_numbers(files, tmp_path):
    labels = read_label_map(files["mask"])
    Image.fromarray(PALETTE[labels]).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "renumbered.png")
    assert not (np.asarray(Image.open(tmp_path / "renumbered.png")) == labels).all()
    np.testing.assert_array_equal(read_label_map(tmp_path / "renumbered.png"), labels)


def test_a_palette_image_of_greys_is_read_by_its_values(files, tmp_path):
    labels = read_label_map(files["mask"])
    image = Image.fromarray(labels, "P")
    image.putpalette(np.arange(256).repeat(3).tolist())
    image.save(tmp_path / "grey_palette.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "grey_palette.png"), labels)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="a folder; name an image file"):
        read_photo(tmp_path)


def test_a_colour_off_the_palette_is_named_with_its_place(tmp_path):
    painted = np.zeros((4, 4, 3), np.uint8)
    painted[1, 2:] = [1, 2, 3]
    Image.fromarray(painted).save(tmp_path / "soft.png")
    with pytest.raises(
        UserError, match=r"soft\.png: colour \(1, 2, 3\) is of no class; .* \(first of 2 pixels: column 2, row 1\)"
    ):
        read_label_map(tmp_path / "soft.png")


def test_a_16_bit_mask_is_refused(tmp_path):
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match=r"deep\.png: a I;16 image; a mask is a single-channel 8-bit image"):
        read_label_map(tmp_path / "deep.png")


def test_a_file_that_is_no_image_or_missing_is_named(tmp_path):
    (tmp_path / "notes.png").write_text("no image")
    with pytest.raises(UserError, match=r"notes\.png: not an image"):
        read_photo(tmp_path / "notes.png")
    with pytest.raises(UserError, match=r"nothing\.png: no such file"):
        read_photo(tmp_path / "nothing.png")


def test_a_written_png_is_read_back_exactly(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    write_photo(photo, tmp_path / "new/folder/photo.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "new/folder/photo.png"), photo)


def test_a_written_jpeg_keeps_fine_colours(tmp_path):
    """Red and blue stripes of one px, which chroma subsampling would mix to purple."""
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[:, ::2, 0] = photo[:, 1::2, 2] = 200
    write_photo(photo, tmp_path / "photo.jpg")
    assert np.abs(read_photo(tmp_path / "photo.jpg").astype(int) - photo).mean() < 5


@pytest.fixture
def frames() -> np.ndarray:
    """A red, a green and a blue photo."""
    colours = np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255]], np.uint8)
    return colours[:, None, None] * np.ones((3, 8, 8, 1), np.uint8)


def test_a_gif_shows_every_frame_for_its_time_and_repeats(tmp_path, frames):
    write_frames(frames, tmp_path / "frames.gif")
    with Image.open(tmp_path / "frames.gif") as gif:
        assert (gif.n_frames, gif.info["duration"], gif.info["loop"]) == (3, FRAME_MILLISECONDS, 0)
        shown = [gif.seek(frame) or gif.convert("RGB").getpixel((4, 4)) for frame in range(3)]
    assert shown == [(255, 0, 0), (0, 128, 0), (0, 0, 255)]


def test_other_formats_have_the_frames_side_by_side(tmp_path, frames):
    write_frames(frames, tmp_path / "frames.png")
    strip = read_photo(tmp_path / "frames.png")
    assert strip.shape == (8, 24, 3)
    np.testing.assert_array_equal(strip[0, [0, 8, 16]], frames[:, 0, 0])


def test_a_file_that_can_not_be_written_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "photo.png").mkdir()
    with pytest.raises(UserError, match=r"photo\.png: can't be written \(.+\); name another file"):
        write_photo(np.zeros((2, 2, 3), np.uint8), tmp_path / "photo.png")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_a_failed_write_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "photo.png"
    write_photo(np.full((2, 2, 3), 7, np.uint8), path)

    def save_half(image, file, **options):
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save_half)
    with pytest.raises(UserError, match="No space left on device"):
        write_photo(np.zeros((2, 2, 3), np.uint8), path)
    assert (read_photo(path) == 7).all()
    assert [file.name for file in tmp_path.iterdir()] == ["photo.png"]


def test_a_region_is_what_is_painted_white_on_any_background(tmp_path):
    painted = np.zeros((4, 4), bool)
    painted[1, 2:] = True
    white = np.where(painted[..., None], 255, [200, 30, 30]).astype(np.uint8)
    transparent = np.dstack([np.full((4, 4, 3), 255, np.uint8), np.where(painted, 255, 0).astype(np.uint8)])
    pictures = {"colours": white, "transparent": transparent, "16_bits": np.where(painted, 65535, 0).astype(np.uint16)}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(read_region(tmp_path / f"{name}.png"), painted)
