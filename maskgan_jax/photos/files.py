"""Photos, masks and sequences of photos, from image files and to them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES, PALETTE
from maskgan_jax.photos.decoding import open_image, to_rgb

FRAME_MILLISECONDS = 120
HALF = 127
"""The largest 8-bit value that is not yet painted, or not yet opaque."""
JPEG_OPTIONS = {"quality": 95, "subsampling": 0}


def read_photo(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Read a photo in any format that Pillow reads, as `decoding.to_rgb` returns it.

    Raises:
      UserError: there is no file, or it is no image, truncated, or of floating-point pixels.
    """
    return to_rgb(open_image(path, str(path)), str(path))


def read_label_map(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Read a mask: a grey image whose values are the labels 0 to 18, or one painted in the colours of `labels.PALETTE`.

    In an image with a palette the colours count, since programs number them in orders of their own.

    Raises:
      UserError: there is no file, or it is no image, or has a label above 18 or a colour of no class.
    """
    image = open_image(path, str(path))
    if image.mode in ("L", "1") or _has_grey_palette(image):
        labels = np.asarray(image).astype(np.uint8)
        _refuse(path, labels >= NUM_CLASSES, lambda at: f"label {labels[at]} is above {NUM_CLASSES - 1}")
        return labels
    if image.mode not in ("P", "RGB", "RGBA"):
        raise UserError(
            f"{path}: a {image.mode} image; a mask is a single-channel 8-bit image whose values are the labels 0 to "
            "18, or an RGB image in the palette's colours"
        )
    colours = np.asarray(image.convert("RGB"))
    labels = np.full(colours.shape[:2], NUM_CLASSES, np.uint8)
    for label, colour in enumerate(PALETTE):
        labels[(colours == colour).all(-1)] = label
    _refuse(
        path,
        labels >= NUM_CLASSES,
        lambda at: f"colour {tuple(map(int, colours[at]))} is of no class; paint without soft edges",
    )
    return labels


def read_region(path: Path) -> UInt8[np.ndarray, "n n"]:
    """Read a painted region: 1 where the picture is white, or nearly, and not transparent, else 0.

    Raises:
      UserError: as `read_photo`; or it is not square.
    """
    image = open_image(path, str(path))
    if image.width != image.height:
        raise UserError(f"{path}: {image.width}x{image.height} pixels; give a square picture, of the face")
    painted = to_rgb(image, str(path)).min(-1) > HALF
    if image.has_transparency_data:
        painted &= np.asarray(image.convert("RGBA"))[..., 3] > HALF
    return painted.astype(np.uint8)


def write_photo(photo: UInt8[np.ndarray, "h w 3"], path: Path) -> None:
    """Write a photo in the format of the path's suffix; JPEG with little loss.

    Raises:
      UserError: it can't be written there; likewise in the functions below.
    """
    _save(Image.fromarray(photo), path)


def write_label_map(mask: UInt8[np.ndarray, "h w"], path: Path) -> None:
    """Write a mask as a palette image: its values are the labels, and it is shown in their colours."""
    image = Image.fromarray(mask)
    image.putpalette(PALETTE.ravel().tolist())
    _save(image, path)


def write_frames(frames: UInt8[np.ndarray, "f h w 3"], path: Path) -> None:
    """Write photos as an endlessly repeated animation (.gif), or side by side in one image (other suffixes)."""
    if path.suffix.lower() != ".gif":
        return write_photo(np.concatenate(frames, axis=1), path)
    first, *others = map(Image.fromarray, frames)
    _save(first, path, save_all=True, append_images=others, duration=FRAME_MILLISECONDS, loop=0)


def _save(image: Image.Image, path: Path, **options) -> None:
    if path.suffix.lower() in (".jpg", ".jpeg"):
        options |= JPEG_OPTIONS
    try:
        with replacing(path) as temporary:
            image.save(temporary, **options)
    except OSError as error:
        raise UserError(f"{path}: can't be written ({error.strerror or error}); name another file") from None


def _has_grey_palette(image: Image.Image) -> bool:
    """Return whether an image has a palette in which every value is its own grey: its values are labels then."""
    if image.mode != "P":
        return False
    palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
    used = np.unique(np.asarray(image))
    return used.max() < len(palette) and bool((palette[used] == used[:, None]).all())


def _refuse(path: Path, bad: Bool[np.ndarray, "h w"], complaint: Callable[[tuple[int, int]], str]) -> None:
    """Raise a `UserError` with the first bad pixel's complaint, if there is a bad pixel."""
    if bad.any():
        y, x = map(int, np.argwhere(bad)[0])
        raise UserError(
            f"{path}: {complaint((y, x))} (first of {bad.sum()} pixels: column {x}, row {y}); "
            "labels and colours are those of data_pipeline/labels.py"
        )
