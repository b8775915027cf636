"""Trained systems that edit the target's photo itself and read no edited mask: they take part in the smile's tables.

Each function loads one from a folder, of a training run, an export or an import, that an option named, and returns the
method and a checksum of its weights. Its errors are those of `load_model`.
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from maskgan_jax.editing.attributes import AttributeEditor
from maskgan_jax.editing.exchanges import AttributeExchanger
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.regions import region_of_parts
from maskgan_jax.editing.session import open_photo
from maskgan_jax.evaluation.networks import checksum
from maskgan_jax.evaluation.request import Method, Request
from maskgan_jax.evaluation.tables import SMILING
from maskgan_jax.photos.scaling import scale_photo

MOUTH = ("mouth",)


def fill_mouth(folder: Path, option: str) -> tuple[Method, str]:
    """Load EBGAN or Att-EBGAN: the target's mouth is filled in as the source shows its own.

    The region is the box around both mouths; outside it results are the target's photos. Colours are matched as `edit
    exemplar` does.
    """
    editor = ExemplarEditor(folder, option)

    def fill(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
        rows = zip(request.photo, request.mask, request.source_photo, request.source_mask, strict=True)
        return np.stack(
            [
                editor.edit(
                    Opened(open_photo(photo, mask), mask),
                    Opened(open_photo(source, source_mask), source_mask),
                    region_of_parts(mask, source_mask, MOUTH).astype(np.uint8),
                )
                for photo, mask, source, source_mask in rows
            ]
        )

    return fill, checksum(editor.model.variables)


def set_smile(folder: Path, option: str) -> tuple[Method, str]:
    """Load StarGAN: Smiling is set, other attributes stay; nothing is read of the source."""
    editor = AttributeEditor(folder, {SMILING: True}, option)

    def smile(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
        rows = zip(request.photo, request.mask, strict=True)
        edited = [editor.edit(open_photo(photo, mask)) for photo, mask in rows]
        return np.stack([scale_photo(image, request.photo.shape[-2]) for image in edited])

    return smile, checksum(editor.model.variables)


def exchange_smile(folder: Path, option: str) -> tuple[Method, str]:
    """Load ELEGANT: the target gets the source's Smiling."""
    exchanger = AttributeExchanger(folder, option)
    exchanger.check_attributes([SMILING], option)

    def exchange(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
        rows = zip(request.photo, request.mask, request.source_photo, request.source_mask, strict=True)
        return np.stack([exchanger.edit(open_photo(*row[:2]), open_photo(*row[2:]), [SMILING]) for row in rows])

    return exchange, checksum(exchanger.model.variables)
