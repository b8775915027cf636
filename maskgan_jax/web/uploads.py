"""What clients send: read within bounds, decoded, checked."""

import io

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
    body = await read_body(request, size * size)
    if len(body) != size * size:
        raise HTTPException(400, f"the mask has {len(body)} bytes; send {size * size}, one for each of {size}x{size}")
    mask = np.frombuffer(body, np.uint8).reshape(size, size)
    if mask.max() >= NUM_CLASSES:
        raise HTTPException(400, f"the mask has label {mask.max()}; the labels are 0 to {NUM_CLASSES - 1}")
    return mask
