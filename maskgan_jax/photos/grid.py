"""Picture grids: one row an example, one captioned column a thing to see."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from data_pipeline.errors import UserError
from data_pipeline.labels import PALETTE

CAPTION_HEIGHT = 20
GAP = 2
SMALLEST_CELL = 128
"""Smaller pictures are enlarged to about this many pixels, for people to see something."""


def to_pixels(array: np.ndarray) -> np.ndarray:
    """Images in [-1, 1] (b h w 3) to 8 bits; integer label maps (b h w) to the palette's colours."""
    if np.issubdtype(array.dtype, np.integer):
        return PALETTE[array]
    return np.round((np.clip(array, -1, 1) + 1) * 127.5).astype(np.uint8)


def grid(columns: Mapping[str, np.ndarray], rows: int) -> Image.Image:
    """A grid of the first `rows` entries of every column: pixels as uint8 (b h w 3), under its caption."""
    size = next(iter(columns.values())).shape[1]
    cell = size * max(1, SMALLEST_CELL // size)
    rows = min(rows, len(next(iter(columns.values()))))
    sheet = Image.new("RGB", (len(columns) * (cell + GAP) - GAP, CAPTION_HEIGHT + rows * (cell + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for column, (caption, pixels) in enumerate(columns.items()):
        left = column * (cell + GAP)
        draw.text((left + cell // 2, CAPTION_HEIGHT // 2), caption, "black", font, anchor="mm")
        for row in range(rows):
            picture = Image.fromarray(pixels[row]).resize((cell, cell), Image.Resampling.NEAREST)
            sheet.paste(picture, (left, CAPTION_HEIGHT + row * (cell + GAP)))
    return sheet


def of_labels(mask: UInt8[np.ndarray, "h w"]) -> Image.Image:
    """A palette image: its values are the labels, and it looks like their colours."""
    image = Image.fromarray(mask, "P")
    image.putpalette(PALETTE.ravel().tolist())
    return image


def save(image: Image.Image, path: Path, **options) -> None:
    """Writes an image in the format of the path's suffix, whole or not at all; JPEG with little loss.

    `options` are Pillow's for the format.

    Raises:
      UserError: it can't be written there.
    """
    if path.suffix.lower() in (".jpg", ".jpeg"):
        options = {"quality": 95, "subsampling": 0} | options
    temporary = path.with_name(f".{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            image.save(temporary, **options)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path}: can't be written ({error.strerror or error}); name another file") from None
