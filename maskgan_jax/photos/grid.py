"""Image grids: one row for each example, one captioned column for each kind of image."""

import textwrap
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Integer, UInt8
from PIL import Image, ImageDraw, ImageFont

from data_pipeline.labels import PALETTE

CAPTION_HEIGHT = 20
"""Of a line."""
CHARACTER_WIDTH = 7
GAP = 2
MIN_CELL = 128
"""Smaller images are enlarged by a whole factor to about this many px, so that people see something."""


def to_pixels(
    array: Float[np.ndarray, "b h w 3"] | Integer[np.ndarray, "b h w"],
) -> UInt8[np.ndarray, "b h w 3"]:
    """Return images in [-1, 1] as 8-bit pixels, or label maps in the palette's colours."""
    if np.issubdtype(array.dtype, np.integer):
        return PALETTE[array]
    return np.round((np.clip(array, -1, 1) + 1) * 127.5).astype(np.uint8)


def image_grid(columns: Mapping[str, UInt8[np.ndarray, "b n n 3"]], rows: int) -> UInt8[np.ndarray, "height width 3"]:
    """Return a grid of the first `rows` images of every column.

    Args:
      columns: images by caption, from left to right; all of one size.
      rows: at most this many.
    """
    size = next(iter(columns.values())).shape[1]
    cell = size * max(1, MIN_CELL // size)
    rows = min(rows, len(next(iter(columns.values()))))
    captions = ["\n".join(textwrap.wrap(caption, cell // CHARACTER_WIDTH)) for caption in columns]
    top = CAPTION_HEIGHT * max(caption.count("\n") + 1 for caption in captions)
    sheet = Image.new("RGB", (len(columns) * (cell + GAP) - GAP, top + rows * (cell + GAP)), "white")
    canvas = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for column, (caption, pixels) in enumerate(zip(captions, columns.values(), strict=True)):
        left = column * (cell + GAP)
        canvas.text((left + cell // 2, top // 2), caption, "black", font, anchor="mm", align="center")
        for row in range(rows):
            image = Image.fromarray(pixels[row]).resize((cell, cell), Image.Resampling.NEAREST)
            sheet.paste(image, (left, top + row * (cell + GAP)))
    return np.asarray(sheet)
