"""Photos and masks from image files."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES, PALETTE


def read_photo(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """A photo of any format that Pillow reads, as RGB, upright.

    EXIF rotation is applied, grey becomes RGB, transparent parts are laid over white, 16 bits become 8.

    Raises:
      UserError: no file there, not an image, a truncated one, or one of floating-point numbers.
    """
    image = ImageOps.exif_transpose(_open(path))
    if image.mode == "F":
        raise UserError(f"{path}: its pixels are floating-point numbers, whose range nobody knows; save 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip it to 255
        grey = np.asarray(image).astype(np.int64)
        image = Image.fromarray((grey >> 8 if grey.max() > 255 else grey).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def read_label_map(path: Path) -> UInt8[np.ndarray, "h w"]:
    """A mask: a grey image whose values are the labels 0 to 18, or one painted in the colours of `labels.PALETTE`.

    Of an image with a palette the colours count, for programs number them as they like.

    Raises:
      UserError: no file there, not an image, a label above 18, or a colour that no class has.
    """
    image = _open(path)
    if image.mode in ("L", "1") or _is_grey_palette(image):
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
        lambda at: f"colour {tuple(map(int, colours[at]))} is no class's; paint without soft edges",
    )
    return labels


def _is_grey_palette(image: Image.Image) -> bool:
    """Whether an image has a palette in which every value is its own grey: the values are labels, not colours."""
    if image.mode != "P":
        return False
    palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
    used = np.unique(np.asarray(image))
    return used.max() < len(palette) and bool((palette[used] == used[:, None]).all())


def _refuse(path: Path, bad: Bool[np.ndarray, "h w"], complaint: Callable[[tuple[int, int]], str]) -> None:
    if bad.any():
        y, x = map(int, np.argwhere(bad)[0])
        raise UserError(
            f"{path}: {complaint((y, x))} (first of {bad.sum()} pixels: column {x}, row {y}); "
            "labels and colours are those of data_pipeline/labels.py"
        )


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
            image.load()
    except IsADirectoryError:
        raise UserError(f"{path}: a folder; name an image file") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image that Pillow reads; give a JPEG or PNG") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels; scale the picture down first") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: damaged image ({error})") from None
    return image
