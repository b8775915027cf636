"""What a client sends to the server, and what it reads in an answer."""

import io

import numpy as np
from httpx import Response
from PIL import Image
from starlette.testclient import TestClient

from data_pipeline.synthetic_faces import face, render
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.photos.scaling import scale_mask
from maskgan_jax.web.answers import MAX_ERROR
from maskgan_jax.web.samples import SAMPLE_SEED

SIZE = 64
"""Of the masks of the tiny runs."""
BAD_TEXTS = (
    "", "x", "-1", "1e999", "nan", "inf", "-inf", "0x10", "1;2", "../1", "1\n2", "\0", "💥", "9" * 5000, "' OR 1=1",
    "[]", "4294967296", "<b>", "%", "None",
)  # fmt: skip
"""In a query, where a number, a name or a token belongs."""


def render_face(index: int, edit=lambda geometry: geometry, size: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Return photo and mask of the face that the server opens as a sample of this number."""
    original = face(SAMPLE_SEED, index)
    return render(edit(original.geometry), original.style, size)


def sample_portrait(editor: Editor, number: int) -> Portrait:
    """Return a sample face as the server opens it."""
    portrait = editor.portrait(*render_face(number))
    return portrait._replace(mask=scale_mask(portrait.mask, SIZE))


def open_sample(client: TestClient, index: int) -> str:
    """Return the token of an opened sample."""
    answer = client.post(f"/api/photos?sample={index}")
    assert answer.status_code == 200, answer.text
    return answer.json()["photo"]


def encode(pixels: np.ndarray, file_format: str = "PNG", **options) -> bytes:
    """Return an image file."""
    with io.BytesIO() as stream:
        Image.fromarray(pixels).save(stream, file_format, **options)
        return stream.getvalue()


def pixels(answer: Response) -> np.ndarray:
    """Return the picture in an answer."""
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def labels(answer: Response) -> np.ndarray:
    """Return the mask in an answer."""
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, np.uint8).reshape(SIZE, SIZE)


def check_refused(client: TestClient, answer: Response) -> None:
    """Assert that an answer is a clear refusal, and that the server goes on."""
    assert 400 <= answer.status_code < 500, answer.text
    error = answer.json()["error"]
    assert 5 <= len(error) <= MAX_ERROR
    assert error.splitlines() == [error]
    for hint_at_the_inside in ("Traceback", ".py", "/tmp", "/home", "site-packages", "object at"):
        assert hint_at_the_inside not in error
    assert client.get("/api/health").status_code == 200
