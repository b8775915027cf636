"""Edits of faces that no network was trained on, whose true results are known, and the simplest ways to make them."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from data_pipeline.synthetic_faces import EDITS, render
from launch.held_out_faces import held_out_faces
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.evaluation.methods import own_colours, paint
from maskgan_jax.photos.grid import image_grid, to_pixels

TEST_FACES = 200
PLACES = ("inside the edited region", "outside", "whole")


class Edit(NamedTuple):
    """A held-out face and an edit of it whose true result is known; pixels uint8."""

    name: str
    photo: np.ndarray
    mask: np.ndarray
    edited_mask: np.ndarray
    truth: np.ndarray

    @property
    def region(self) -> np.ndarray:
        """Where the two masks differ, bool (h w)."""
        return self.mask != self.edited_mask


def held_out_edits(seed: int, size: int, correlation: float = 0.0) -> list[Edit]:
    """Return test faces in order, each with the next edit by name; faces that an edit leaves unchanged are left out.

    Args:
      seed: of the faces.
      size: of the pictures in px.
      correlation: of the faces' styles with their geometries.
    """
    edits = []
    for place, original in enumerate(islice(held_out_faces(seed, size, correlation), TEST_FACES)):
        name = list(EDITS)[place % len(EDITS)]
        geometry = EDITS[name](original.face.geometry)
        truth, edited_mask = render(geometry, original.face.style, size)
        edits.append(Edit(name, original.photo, original.mask, edited_mask, truth))
    return [edit for edit in edits if edit.region.any()]


def edit_all(editor: Editor, edits: Sequence[Edit], name: str) -> list[np.ndarray]:
    """Return the result of each edit."""
    return [
        editor.edit(editor.portrait(edit.photo, edit.mask), edit.edited_mask)
        for edit in tqdm(edits, f"editing with {name}", unit="face")
    ]


def scores(images: Sequence[np.ndarray], edits: Sequence[Edit]) -> np.ndarray:
    """Return the PSNR in dB of each image against its edit's true result, (n 3), in the `PLACES`."""
    return np.array(
        [
            [psnr(image, edit.truth, region) for region in (edit.region, ~edit.region, None)]
            for image, edit in zip(images, edits, strict=True)
        ]
    )


def baselines(edits: Sequence[Edit]) -> dict[str, list[np.ndarray]]:
    """Return what needs no training: each class painted in the photo's own mean colour, and the photo unchanged."""
    return {
        "the photo's own colour per class": [
            paint(own_colours(edit.photo, edit.mask), edit.edited_mask) for edit in edits
        ],
        "the photo left unchanged": [edit.photo for edit in edits],
    }


def edit_grid(edits: Sequence[Edit], results: Sequence[np.ndarray]) -> np.ndarray:
    """Return one row per edit, with the absolute difference from the true result, three times as bright."""
    generated = np.stack(results)
    truth = np.stack([edit.truth for edit in edits])
    difference = np.abs(generated.astype(np.int16) - truth)
    columns = {
        "photo": np.stack([edit.photo for edit in edits]),
        "mask": to_pixels(np.stack([edit.mask for edit in edits])),
        "edited mask": to_pixels(np.stack([edit.edited_mask for edit in edits])),
        "result": generated,
        "truth": truth,
        "difference x 3": np.minimum(3 * difference, 255).astype(np.uint8),
    }
    return image_grid(columns, rows=len(edits))
