"""Decoding of image files of unknown origin."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from data_pipeline.errors import UserError


def open_image(
    source: Path | io.BytesIO, name: str, formats: Sequence[str] | None = None, max_pixels: int | None = None
) -> Image.Image:
    """Open an image and decode its pixels.

    Args:
      source: the file, or its bytes as a stream.
      name: what errors call it.
      formats: Pillow's names of the formats to accept; all that it reads if None.
      max_pixels: more are refused before they are decoded; Pillow's own limit of 89 million holds in any case.

    Raises:
      UserError: there is no such file, or it is no image of these formats, truncated, or of too many pixels.
    """
    accepted = " or ".join(formats or ("JPEG", "PNG"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(source, formats=formats)
            if max_pixels and image.width * image.height > max_pixels:
                raise UserError(
                    f"{name}: {image.width}x{image.height} pixels, more than {max_pixels / 1e6:g} million; scale the "
                    "image down first"
                )
            image.load()
    except IsADirectoryError:
        raise UserError(f"{name}: a folder; name an image file") from None
    except FileNotFoundError:
        raise UserError(f"{name}: no such file") from None
    except UnidentifiedImageError:
        raise UserError(f"{name}: not an image that can be read; give a {accepted}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{name}: too many pixels; scale the image down first") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{name}: corrupt image ({error})") from None
    return image


def to_rgb(image: Image.Image, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """Return a decoded image as upright RGB.

    EXIF rotation is applied, grey becomes RGB, transparent parts are composited over white, 16 bits become 8.

    Raises:
      UserError: its pixels are floating-point numbers, or its EXIF data corrupt; the error begins with `name`.
    """
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:  # of any type, depending on what is corrupt
        raise UserError(f"{name}: corrupt EXIF data; save the image without them") from None
    if image.mode == "F":
        raise UserError(f"{name}: its pixels are floating-point numbers of unknown range; save 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip it to 255
        grey = np.asarray(image)
        image = Image.fromarray((grey >> 8 if grey.max() > 255 else grey).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))
