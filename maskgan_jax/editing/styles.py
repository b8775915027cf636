"""Styles between those of several faces. A face has one style, or in portrait editing one for each part."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Array, Float

from data_pipeline.errors import UserError
from maskgan_jax.editing.parts import STYLE_PARTS

Style = Float[Array | np.ndarray, "b *parts k"]
"""Styles of faces, float32: (b k), or of each of their parts (b p k)."""


def mix_styles(style: Style, reference: Style, strength: float | int) -> Style:
    """Return a style between two: exactly the first at strength 0, exactly the second at 1."""
    return (1 - strength) * style + strength * reference


def mix_parts(style: Style, references: Mapping[str, Style], strength: float | int, order: Sequence[str]) -> Style:
    """Return a style in which each of some parts is so far on the way to that of another style.

    Args:
      style: of the face.
      references: the styles to go to, by names of `parts.STYLE_PARTS`.
      strength: 0 is the face's own style, 1 that of the references.
      order: the parts of all these styles, in their order.

    Raises:
      UserError: there is no such part, or one is named twice.
    """
    mixed = np.array(style)
    for part, name in parts_of(list(references)).items():
        place = order.index(part)
        mixed[:, place] = mix_styles(np.asarray(style)[:, place], np.asarray(references[name])[:, place], strength)
    return mixed


def parts_of(names: Sequence[str]) -> dict[str, str]:
    """Return the name that each part is meant by.

    Raises:
      UserError: there is no such name, or a part is meant twice.
    """
    unknown = [name for name in names if name not in STYLE_PARTS]
    if unknown:
        raise UserError(f"no such part: {', '.join(unknown)}; the parts are {', '.join(STYLE_PARTS)}")
    meant: dict[str, str] = {}
    for name in names:
        for part in STYLE_PARTS[name]:
            if part in meant:
                raise UserError(f"{part} is given twice, as {meant[part]} and as {name}; name each part once")
            meant[part] = name
    return meant
