"""The server's answers: photos are opened and kept, masks come in, pictures and masks go out."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data_pipeline.labels import CLASSES, MIRRORED, PALETTE
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened, weight_of
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.editing.parts import OFFERED_PARTS, REGION_PARTS
from maskgan_jax.editing.regions import touched
from maskgan_jax.editing.session import Subject, cut_out, open_photo, replace_face
from maskgan_jax.photos.alignment import central_square, face_square
from maskgan_jax.photos.face_detection import find_faces
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.web.answers import labels, png
from maskgan_jax.web.device_queue import DeviceQueue
from maskgan_jax.web.photo_store import OpenPhoto, PhotoStore
from maskgan_jax.web.samples import LEAST_SAMPLE, render_sample
from maskgan_jax.web.uploads import decode_photo, read_mask, read_names, read_number, read_photo, read_region

FACES_TO_VARY = 64
"""Sample faces whose masks random ones are like."""
RECEIVED_AT_ONCE = 16
"""Photos whose bytes are held until they are opened."""
WHOLE_AT_ONCE = 2
"""Whole photos that are decoded, searched, cut out or put together: work that takes many times a photo's own memory."""
MAX_FACE_EDITED = 2048
"""Side in px at most of a face that is cut out; a larger one is edited at this size."""
MAX_FACE_SHOWN = 1024
"""Side in px at most of the face that the page shows."""
PHOTO_GONE, REFERENCE_GONE = 410, 424
"""Statuses of an answer where the server has forgotten a photo: that of the address, or the one named beside it."""


class Api:
    """The endpoints over one editor, and what they share: the open photos and the queue in front of the device."""

    def __init__(self, editor: Editor, exemplars: ExemplarEditor | None = None):
        """Serve an editor; without a face parser photos have an empty mask, without `exemplars` none is filled."""
        self.editor, self._exemplars = editor, exemplars
        self.photos = PhotoStore()
        self.queue = DeviceQueue(editor.generate)
        self.receiving = asyncio.Semaphore(RECEIVED_AT_ONCE)
        self.whole = asyncio.Semaphore(WHOLE_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return all endpoints."""
        return [
            Route("/api/health", self.health),
            Route("/api/model", self.model),
            Route("/api/photos", self.open, methods=["POST"]),
            Route("/api/photos/{token}/face/{face}", self.choose_face, methods=["POST"]),
            Route("/api/photos/{token}/image", self.image),
            Route("/api/photos/{token}/mask", self.mask),
            Route("/api/photos/{token}/mask", self.replace_mask, methods=["PUT"]),
            Route("/api/photos/{token}/edit", self.edit, methods=["POST"]),
            Route("/api/photos/{token}/transfer", self.transfer, methods=["POST"]),
            Route("/api/photos/{token}/interpolate", self.interpolate, methods=["POST"]),
            Route("/api/photos/{token}/region", self.region),
            Route("/api/photos/{token}/exemplar", self.fill, methods=["POST"]),
            Route("/api/masks/random", self.random_mask, methods=["POST"]),
        ]

    def warm_up(self) -> None:
        """Compile what every visitor needs, before the first one comes."""
        size = self.editor.size
        photo, mask = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), np.uint8)
        portrait = self.editor.portrait(photo, mask)
        arrays = [np.asarray(each) for each in (mask[None], portrait.style, *portrait.background)]
        for batch in (1, self.queue.max_batch):
            self.editor.generate(*(each.repeat(batch, 0) for each in arrays))
        if self.editor.parses:
            self.editor.parse(photo)
        if self.editor.interpolates:
            self.editor.masks_between(mask, mask, [0.5])
            self.editor.sample_masks(self._codes_to_vary, 1, 0)
        mask_before = np.repeat(np.arange(2, dtype=np.uint8), size * size // 2).reshape(size, size)
        self.editor.complete(portrait._replace(mask=mask_before), mask, photo)
        if self._exemplars:
            self._exemplars.edit(*[Opened(portrait.subject, mask)] * 2, np.ones_like(mask))

    async def health(self, request: Request) -> Response:
        """Answer whether the server works, and how much it has to do."""
        return JSONResponse({"status": "ok", "photos": len(self.photos), "waiting": len(self.queue)})

    async def model(self, request: Request) -> Response:
        """Describe the networks, the classes and the parts."""
        classes = [
            {"name": name, "colour": PALETTE[label].tolist(), "mirrored": int(MIRRORED[label])}
            for label, name in enumerate(CLASSES)
        ]
        filling = self._exemplars and {"parts": list(REGION_PARTS), "attributes": self._exemplars.attributes}
        return JSONResponse(
            {
                "size": self.editor.size,
                "classes": classes,
                "parts": OFFERED_PARTS,
                "style_parts": self.editor.style_parts,
                "filling": filling,
                "parses": self.editor.parses,
                "interpolates": self.editor.interpolates,
                "synthetic": self.editor.synthetic,
            }
        )

    async def open(self, request: Request) -> Response:
        """Open a photo: the body, in which faces are searched for; or `?sample=N`, a synthetic face with its mask.

        With `?aligned=1` the photo is a square around a face already.
        """
        query = request.query_params
        if "sample" in query:
            number = read_number(query, "sample", int, 0, 2**31)
            photo, mask = await asyncio.to_thread(render_sample, number, max(LEAST_SAMPLE, self.editor.size))
            opened = OpenPhoto(await self._encode(partial(open_photo, photo, mask)))
        else:
            async with self.receiving:
                body = await read_photo(request)
                async with self.whole:
                    photo = await asyncio.to_thread(decode_photo, body)
                    del body
                    faces = [] if query.get("aligned") == "1" else await asyncio.to_thread(find_faces, photo)
                    opened = await self._open_face(photo, faces, 0 if faces else None)
        return JSONResponse(opened.describe(self.photos.add(opened)))

    async def choose_face(self, request: Request) -> Response:
        """Edit another face of an open photo."""
        token, photo = self._photo(request)
        number = read_number(request.path_params, "face", int, 0, 2**31)
        if number >= len(photo.faces):
            raise HTTPException(400, f"there is no face {number}; {len(photo.faces)} were found")
        async with self.whole:
            opened = await self._open_face(photo.portrait.subject.photo, photo.faces, number)
        self.photos.replace(token, opened)
        return JSONResponse(opened.describe(token))

    async def image(self, request: Request) -> Response:
        """Return the face that is edited, as PNG; with `?whole=1` the whole photo."""
        subject = self._photo(request)[1].portrait.subject
        if request.query_params.get("whole") == "1":
            async with self.whole:
                return await png(subject.photo)
        if len(subject.face) <= MAX_FACE_SHOWN:
            return await png(subject.face)
        return await png(await asyncio.to_thread(scale_photo, subject.face, MAX_FACE_SHOWN))

    async def mask(self, request: Request) -> Response:
        """Return the face's label map at the generator's size, a byte for each pixel."""
        return labels(self._photo(request)[1].portrait.mask)

    async def replace_mask(self, request: Request) -> Response:
        """Replace the mask that the photo's style is read with, where the face parser was wrong."""
        token, photo = self._photo(request)
        mask = await read_mask(request, self.editor.size)
        subject = photo.portrait.subject
        side = len(subject.face)
        opened = photo._replace(portrait=await self._encode(lambda: subject._replace(mask=scale_mask(mask, side))))
        self.photos.replace(token, opened)
        return JSONResponse(opened.describe(token))

    async def edit(self, request: Request) -> Response:
        """Generate the photo's face of the mask in the body, as PNG.

        `?reference=TOKEN&strength=0.5` moves its style towards another photo's, with `&style_parts=hair,mouth` that of
        these parts only, where each part has a style of its own; `?feather=8` keeps the photo where the mask is
        unchanged and farther from it than so many px of the face; `?whole=1` returns the whole photo.
        """
        token, photo = self._photo(request)
        query = request.query_params
        mask = await read_mask(request, self.editor.size)
        feather = read_number(query, "feather", float, 0, 1000) if "feather" in query else None
        style = photo.portrait.style
        if "reference" in query:
            strength = read_number(query, "strength", float, 0, 1)
            references = dict.fromkeys(query.get("style_parts", "all").split(","), self._reference(request).portrait)
            style = self.editor.mix_references(photo.portrait, mask, references, strength)
        arrays = [each[0] for each in (style, *photo.portrait.background)]
        whole = query.get("whole") == "1"
        generated = await self.queue.generate(f"{token} whole" if whole else token, mask, *arrays)
        run = self.queue.run if self.editor.fills_background else asyncio.to_thread
        async with self.whole if whole else contextlib.nullcontext():
            return await png(await run(self.editor.complete, photo.portrait, mask, generated, feather, whole))

    async def transfer(self, request: Request) -> Response:
        """Return the mask in the body with `?parts=smile,eyes` of this photo."""
        _, photo = self._photo(request)
        mask = await read_mask(request, self.editor.size)
        parts = request.query_params.get("parts", "").split(",")
        return labels(await asyncio.to_thread(transfer_parts, mask, photo.portrait.mask, parts))

    async def interpolate(self, request: Request) -> Response:
        """Return the mask `?amount=0.5` of the way from the one in the body to this photo's."""
        _, photo = self._photo(request)
        mask = await read_mask(request, self.editor.size)
        amount = read_number(request.query_params, "amount", float, 0, 1)
        self._check_interpolates()
        between = await self.queue.run(self.editor.masks_between, mask, photo.portrait.mask, [amount])
        return labels(scale_mask(between[0], self.editor.size))

    async def region(self, request: Request) -> Response:
        """Return the boxes around `?parts=mouth,eyes` in this photo and in `&reference=TOKEN`: 1 inside, 0 outside."""
        exemplars, (_, photo), reference = self._need_exemplars(), self._photo(request), self._reference(request)
        parts = list(dict.fromkeys(request.query_params.get("parts", "").split(",")))
        boxes = await asyncio.to_thread(exemplars.region_of, _opened(photo), _opened(reference), parts)
        return labels(scale_mask(boxes, self.editor.size))

    async def fill(self, request: Request) -> Response:
        """Open, as another photo, this one with the region in the body filled as `?reference=TOKEN` shows it.

        `&strength=0.5` goes half the way from the photo's own code; `&feather=8` fades so many px of the face around
        the region; `&only=Smiling,Beard` lets no other attributes through. Where it was filled its mask is parsed anew
        if there is a face parser.
        """
        exemplars, (_, photo), reference = self._need_exemplars(), self._photo(request), self._reference(request)
        region, query = await read_region(request, self.editor.size), request.query_params
        strength = read_number(query, "strength", float, 0, 1)
        feather = read_number(query, "feather", float, 0, 1000) if "feather" in query else 0
        only = read_names(query, "only", exemplars.attributes) if "only" in query else ()
        face, exemplar = _opened(photo), _opened(reference)
        async with self.whole:
            hidden = await asyncio.to_thread(exemplars.hidden, face, region, feather)
        filled = await self.queue.run(exemplars.fill, face, exemplar, hidden, strength, only)
        async with self.whole:
            weight = await asyncio.to_thread(weight_of, face, region, feather)
            subject = await asyncio.to_thread(replace_face, face.subject, filled, weight)
            opened = photo._replace(portrait=await self.queue.run(self._filled_portrait, subject, face.mask, weight))
        return JSONResponse(opened.describe(self.photos.add(opened)))

    async def random_mask(self, request: Request) -> Response:
        """Return a mask that the MaskVAE samples, the same for the same `?seed=N`."""
        seed = read_number(request.query_params, "seed", int, 0, 2**31)
        self._check_interpolates()
        masks = await self.queue.run(self._sample_masks, seed)
        return labels(scale_mask(masks[0], self.editor.size))

    def _sample_masks(self, seed: int) -> np.ndarray:
        return self.editor.sample_masks(self._codes_to_vary, 1, seed)

    @cached_property
    def _codes_to_vary(self) -> np.ndarray:
        return self.editor.encode_masks([render_sample(number, LEAST_SAMPLE)[1] for number in range(FACES_TO_VARY)])

    def _check_interpolates(self) -> None:
        if not self.editor.interpolates:
            raise HTTPException(400, "the server has no MaskVAE; start it with --mask-vae")

    def _need_exemplars(self) -> ExemplarEditor:
        if self._exemplars is None:
            raise HTTPException(400, "the server has no networks for exemplars; start it with --exemplar-checkpoint")
        return self._exemplars

    def _photo(self, request: Request) -> tuple[str, OpenPhoto]:
        token = request.path_params["token"]
        return token, self._get(token, PHOTO_GONE)

    def _reference(self, request: Request) -> OpenPhoto:
        return self._get(request.query_params.get("reference", ""), REFERENCE_GONE)

    def _get(self, token: str, status: int) -> OpenPhoto:
        try:
            return self.photos.get(token)
        except KeyError:
            raise HTTPException(status, "this photo is no longer open on the server; open it again") from None

    async def _open_face(self, photo: np.ndarray, faces: list, number: int | None) -> OpenPhoto:
        square = central_square(photo) if number is None else face_square(faces[number])
        return OpenPhoto(await self._encode(partial(cut_out, photo, square, MAX_FACE_EDITED)), faces, number)

    async def _encode(self, open_subject: Callable[[], Any]) -> Portrait:
        """Return a face ready for edits, with its mask at the generator's size, in which the page paints."""
        subject = await asyncio.to_thread(open_subject)
        if subject.mask is None and not self.editor.parses:
            subject = subject._replace(mask=np.zeros(subject.face.shape[:2], np.uint8))
        return await self.queue.run(self._portrait, subject)

    def _portrait(self, subject: Subject) -> Portrait:
        portrait = self.editor.encode(subject)
        return portrait._replace(mask=scale_mask(portrait.mask, self.editor.size), style=np.asarray(portrait.style))

    def _filled_portrait(self, subject: Subject, mask: np.ndarray, weight: np.ndarray) -> Portrait:
        if self.editor.parses:
            inside = touched(weight > 0, self.editor.size) > 0
            mask = np.where(inside, scale_mask(self.editor.parse(subject.face), self.editor.size), mask)
        return self._portrait(subject._replace(mask=scale_mask(mask, len(subject.face))))


def _opened(photo: OpenPhoto) -> Opened:
    return Opened(photo.portrait.subject, photo.portrait.mask)
