"""Background that an edit frees, filled by a run of EBGAN or Att-EBGAN, against what is there in truth."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8

from data_pipeline.synthetic_faces import EDITS, render
from launch.held_out_faces import held_out_faces
from maskgan_jax.editing.backgrounds import BACKGROUND, BackgroundFiller, continue_colours
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.image_quality import psnr

FREEING = ("shorter_hair", "narrower_face")
"""Edits that free background."""
FEATHER = 2
"""Px around an edit in which it fades into the photo."""
LEAST_FREED = 1 / 200
"""Share of the image that an edit frees at least to be looked at."""


class FreedBackground(NamedTuple):
    """An edit that frees background, and its true result; pixels uint8."""

    photo: UInt8[np.ndarray, "n n 3"]
    mask: UInt8[np.ndarray, "n n"]
    edited_mask: UInt8[np.ndarray, "n n"]
    truth: UInt8[np.ndarray, "n n 3"]

    @property
    def freed(self) -> Bool[np.ndarray, "n n"]:
        """Where background appears."""
        return (self.edited_mask == BACKGROUND) & (self.mask != BACKGROUND)

    @property
    def known(self) -> Bool[np.ndarray, "n n"]:
        """Where background is before and after."""
        return (self.edited_mask == BACKGROUND) & (self.mask == BACKGROUND)


def freed_backgrounds(seed: int, size: int, faces: int) -> list[FreedBackground]:
    """Return the edits of test faces, in order, that free background; `faces` is how many are looked at."""
    edits = []
    for each in islice(held_out_faces(seed, size), faces):
        for name in FREEING:
            truth, edited_mask = render(EDITS[name](each.face.geometry), each.face.style, size)
            edit = FreedBackground(each.photo, each.mask, edited_mask, truth)
            if edit.freed.mean() >= LEAST_FREED and edit.known.any():
                edits.append(edit)
    return edits


def scores(run: Path, generator: Path | None, edits: Sequence[FreedBackground]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return the PSNR in freed background, dB, by what fills it.

    Args:
      run: of EBGAN or Att-EBGAN.
      generator: a run whose generator draws the edits into the photos; None: freed background of the true results is
        filled.
      edits: at the runs' size.
    """
    filler = BackgroundFiller(run, "--runs")
    images = {"the photo left unchanged": [each.photo for each in edits]}
    images["the mean colour of the background"] = [_mean_painted(each) for each in edits]
    images["the background around, blurred"] = [continue_colours(each.photo, each.known) for each in edits]
    edited = [each.truth for each in edits]
    if generator:
        editor = Editor(generator)
        edited = [
            editor.edit(editor.portrait(each.photo, each.mask), each.edited_mask, keep_outside=FEATHER)
            for each in edits
        ]
        images["the generator of the edit"] = edited
    images["this run, from that blur's code"] = [
        filler.fill(image, each.mask, each.edited_mask) for image, each in zip(edited, edits, strict=True)
    ]
    return {
        name: np.array([psnr(image, each.truth, each.freed) for image, each in zip(results, edits, strict=True)])
        for name, results in images.items()
    }


def _mean_painted(edit: FreedBackground) -> UInt8[np.ndarray, "n n 3"]:
    return np.broadcast_to(edit.photo[edit.known].mean(0).round().astype(np.uint8), edit.photo.shape)
