"""What the server answers with: pictures, masks, and errors of one line."""

import asyncio
import io
import re

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from data_pipeline.errors import UserError
from maskgan_jax.web.device_queue import FullError, SupersededError

MAX_ERROR = 300
"""Characters; errors may quote what was sent."""


async def png(pixels: UInt8[np.ndarray, "h w 3"]) -> Response:
    """Return a picture, encoded in a thread of its own."""

    def encode() -> bytes:
        with io.BytesIO() as stream:
            Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
            return stream.getvalue()

    return Response(await asyncio.to_thread(encode), media_type="image/png")


def labels(mask: UInt8[np.ndarray, "h w"]) -> Response:
    """Return a label map, a byte for each pixel, row by row."""
    return Response(np.ascontiguousarray(mask).tobytes(), media_type="application/octet-stream")


def answer_error(request: Request, error: Exception) -> Response:
    """Return an error as JSON, one line that the page shows."""
    match error:
        case HTTPException():
            status, message = error.status_code, error.detail
        case UserError():
            status, message = 400, re.sub(r"^--[a-z-]+: ", "", str(error))  # the page has no options
        case SupersededError():
            status, message = 409, "a later stroke took this one's place"
        case ClientDisconnect():
            status, message = 400, "the request was cut off"
        case FullError():
            status, message = 503, "the server is busy; try again in a moment"
        case _:
            status, message = 500, "the server failed; its log says why"
    return JSONResponse({"error": " ".join(message.split())[:MAX_ERROR]}, status)
