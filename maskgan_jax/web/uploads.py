"""What clients send: read within bounds, decoded, checked."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8
from starlette.exceptions import HTTPException
from starlette.requests import Request

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.photos.decoding import open_image, to_rgb

MAX_BYTES = 20 * 2**20
"""Of an uploaded photo."""
MAX_PIXELS = 25_000_000
"""Of an uploaded photo: more than a phone's camera takes but for special modes."""
FORMATS = ("JPEG", "PNG", "WEBP")
SECONDS_TO_RECEIVE = 120

Number = TypeVar("Number", int, float)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request.

    Raises:
      HTTPException: it is longer than `limit` bytes; the rest of it is not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"more than {limit} bytes; send less")
    return bytes(body)


async def read_photo(request: Request) -> bytes:
    """Return the photo that is the body of a request, undecoded.

    Raises:
      HTTPException: it is longer than `MAX_BYTES`, or takes longer than `SECONDS_TO_RECEIVE`.
    """
    try:
        return await asyncio.wait_for(read_body(request, MAX_BYTES), SECONDS_TO_RECEIVE)
    except TimeoutError:
        raise HTTPException(408, f"the photo did not come within {SECONDS_TO_RECEIVE} s") from None


def decode_photo(body: bytes) -> UInt8[np.ndarray, "h w 3"]:
    """Decode the bytes of an image file as upright RGB.

    Raises:
      UserError: it is no image of `FORMATS`, corrupt, or has more than `MAX_PIXELS`.
    """
    return to_rgb(open_image(io.BytesIO(body), "the photo", FORMATS, MAX_PIXELS), "the photo")


async def read_mask(request: Request, size: int) -> UInt8[np.ndarray, "s s"]:
    """Return the label map that is the body of a request: a byte for each pixel, row by row.

    Raises:
      HTTPException: it has another number of bytes, or a label that no class has.
    """
    mask = await _read_map(request, size, "mask")
    if mask.max() >= NUM_CLASSES:
        raise HTTPException(400, f"the mask has label {mask.max()}; the labels are 0 to {NUM_CLASSES - 1}")
    return mask


async def read_region(request: Request, size: int) -> UInt8[np.ndarray, "s s"]:
    """Return the region that is the body of a request: a byte for each pixel, row by row, 1 inside and 0 outside.

    Raises:
      HTTPException: it has another number of bytes, or other values.
    """
    region = await _read_map(request, size, "region")
    if region.max() > 1:
        raise HTTPException(400, f"the region has the value {region.max()}; send 1 inside and 0 outside")
    return region


async def _read_map(request: Request, size: int, name: str) -> UInt8[np.ndarray, "s s"]:
    body = await read_body(request, size * size)
    if len(body) != size * size:
        raise HTTPException(400, f"the {name} has {len(body)} bytes; send {size * size}, one for each of {size}x{size}")
    return np.frombuffer(body, np.uint8).reshape(size, size)


def read_number(query: Mapping[str, str], name: str, kind: type[Number], least: Number, most: Number) -> Number:
    """Return a number of a query.

    Raises:
      HTTPException: it is missing, no number of that type, or outside the bounds.
    """
    text = query.get(name, "")
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise HTTPException(400, f"{name}={text[:20]}: give a number from {least} to {most}")
    return value


def read_names(query: Mapping[str, str], name: str, known: Sequence[str]) -> list[str]:
    """Return the comma-separated names in a query.

    Raises:
      HTTPException: one of them is not among the known ones.
    """
    names = query.get(name, "").split(",")
    unknown = [each[:20] for each in names if each not in known]
    if unknown:
        raise HTTPException(400, f"{name}={','.join(unknown)}: give names out of: {', '.join(known) or 'none'}")
    return names
