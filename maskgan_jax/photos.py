"""Photos and masks from image files."""

import warnings
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.errors import UserError


def read_photo(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """A photo of any format that Pillow reads, as RGB, upright.

    EXIF rotation is applied, grey becomes RGB, transparent parts are laid over white, 16 bits become 8.

    Raises:
      UserError: no file there, not an image, or a truncated one.
    """
    image = ImageOps.exif_transpose(_open(path))
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip it to 255
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def read_label_map(path: Path) -> UInt8[np.ndarray, "h w"]:
    """A label map: a grey or palette image whose values are the labels 0 to 18.

    Raises:
      UserError: no file there, not an image, a colour image, or a label above 18.
    """
    image = _open(path)
    if image.mode not in ("L", "P", "1"):
        raise UserError(
            f"{path}: a {image.mode} image; a mask is a single-channel 8-bit image whose values are the labels 0 to 18"
        )
    labels = np.asarray(image).astype(np.uint8)
    if labels.max() >= NUM_CLASSES:
        y, x = np.argwhere(labels >= NUM_CLASSES)[0]
        raise UserError(
            f"{path}: label {labels.max()} is above {NUM_CLASSES - 1} (first at column {x}, row {y}); "
            "labels are 0 to 18, in the order of data_pipeline/labels.py"
        )
    return labels


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
            image.load()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image that Pillow reads; give a JPEG or PNG") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels; scale the picture down first") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: damaged image ({error})") from None
    return image
