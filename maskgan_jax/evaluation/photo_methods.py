"""Trained systems that edit the target's photo itself and read no edited mask: they take part in the smile's tables."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.regions import region_of_parts
from maskgan_jax.editing.session import open_photo
from maskgan_jax.evaluation.networks import checksum
from maskgan_jax.evaluation.request import Method, Request

MOUTH = ("mouth",)


def fill_mouth(folder: Path, option: str) -> tuple[Method, str]:
    """Load EBGAN or Att-EBGAN as a method: the target's mouth, filled in as the source shows its own.

    The region is the box around both mouths; outside it results are the target's photos. Colours are matched as `edit
    exemplar` does.

    Args:
      folder: of a training run or an export.
      option: what named the folder, for errors.

    Returns:
      The method, and a checksum of its weights.

    Raises:
      UserError: as for `load_model`.
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
