"""The photos that are open in browsers, bounded in number, memory and age."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from maskgan_jax.editing.editor import Portrait
from maskgan_jax.photos.face_detection import Face


class OpenPhoto(NamedTuple):
    """A photo as it was sent, what was found in it, and the face that is edited.

    Attributes:
      portrait: the face with its mask and style.
      faces: all faces that were found, largest first.
      face: which of them is edited; None if no face was searched for or found.
    """

    portrait: Portrait
    faces: Sequence[Face] = ()
    face: int | None = None

    @property
    def bytes(self) -> int:
        """Memory of its pixels."""
        subject = self.portrait.subject
        masks = self.portrait.mask.nbytes + (0 if subject.mask is None else subject.mask.nbytes)
        background = sum(array.nbytes for array in self.portrait.background)
        return subject.photo.nbytes + subject.face.nbytes + masks + background

    def describe(self, token: str) -> dict[str, Any]:
        """Return what the page is told of a photo that is open under a token; boxes are (left, top, side)."""
        height, width = self.portrait.subject.photo.shape[:2]
        boxes = [[round(length) for length in each.box] for each in self.faces]
        return {"photo": token, "width": width, "height": height, "faces": boxes, "face": self.face}


class PhotoStore:
    """Open photos by token. The one that was not used for longest goes first, once a bound is passed."""

    def __init__(
        self,
        max_photos: int = 256,
        max_bytes: int = 2**31,
        max_age: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Bound the store: photos, bytes of their pixels, seconds since the last use."""
        self._max_photos, self._max_bytes, self._max_age, self._clock = max_photos, max_bytes, max_age, clock
        self._photos: OrderedDict[str, OpenPhoto] = OrderedDict()
        self._used: dict[str, float] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[str]:
        return iter(self._photos)

    def add(self, photo: OpenPhoto) -> str:
        """Keep a photo and return its token, which can't be guessed."""
        token = secrets.token_urlsafe(16)
        self.replace(token, photo)
        return token

    def replace(self, token: str, photo: OpenPhoto) -> None:
        """Keep a photo under a token."""
        self.forget(token)
        self._photos[token], self._used[token] = photo, self._clock()
        self._bytes += photo.bytes
        while len(self._photos) > 1 and (len(self._photos) > self._max_photos or self._bytes > self._max_bytes):
            self.forget(next(iter(self._photos)))
        self.forget_old()

    def get(self, token: str) -> OpenPhoto:
        """Return a photo.

        Raises:
          KeyError: it is not open, or no longer.
        """
        self.forget_old()
        photo = self._photos[token]
        self._photos.move_to_end(token)
        self._used[token] = self._clock()
        return photo

    def forget_old(self) -> None:
        """Drop the photos that were not used for longer than the bound."""
        oldest = self._clock() - self._max_age
        for token in [token for token, used in self._used.items() if used < oldest]:
            self.forget(token)

    def forget(self, token: str) -> None:
        """Drop a photo, if it is open."""
        photo = self._photos.pop(token, None)
        if photo is not None:
            self._bytes -= photo.bytes
            del self._used[token]
