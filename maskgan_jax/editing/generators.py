"""The two kinds of generators that the editor works with, behind one interface.

Each has `encode`, photos (b s s 3) and label maps (b s s) to styles; `background`, the same arrays to what else
`generate` reads of the photos; and `generate`, label maps, styles and backgrounds to photos. Pixels are uint8.
"""

from collections.abc import Container
from pathlib import Path

import numpy as np
from jaxtyping import Array, UInt8

from maskgan_jax.editing.styles import Style
from maskgan_jax.inference.models import Model, load_model, offers
from maskgan_jax.tasks.portrait_editing.labels import PARTS

Photos = UInt8[Array | np.ndarray, "b s s 3"]
Masks = UInt8[Array | np.ndarray, "b s s"]


class StyleGenerator:
    """A Dense Mapping Network of MaskGAN, or SPADE: one style for the whole photo, (b k), all that is read of it.

    Attributes:
      model: the trained networks.
      parts: that have a style of their own, in the order of the styles: none.
    """

    functions = ("encode_style", "generate")
    parts: tuple[str, ...] = ()

    def __init__(self, model: Model):
        """Take the trained networks; each function is compiled when it is first called."""
        self.model = model
        self.encode = model.compile("encode_style")
        self.generate = model.compile("generate")

    def background(self, photos: Photos, masks: Masks) -> tuple[()]:
        """Return nothing."""
        return ()


class PartGenerator:
    """The networks of portrait editing: a style for each part, (b 5 k); outside the face the photo itself is kept.

    Attributes:
      model: the trained networks.
      parts: that have a style of their own, in the order of the styles.
    """

    functions = ("encode_parts", "compose")
    parts = tuple(PARTS)

    def __init__(self, model: Model):
        """Take the trained networks; each function is compiled when it is first called."""
        self.model = model
        self.encode = model.compile("encode_parts")
        self._compose = model.compile("compose")

    def background(self, photos: Photos, masks: Masks) -> tuple[Photos, Masks]:
        """Return both: what the label maps call background is kept of the photos."""
        return photos, masks

    def generate(self, edited_masks: Masks, styles: Style, photos: Photos, masks: Masks) -> Photos:
        """Generate faces of edited label maps before the background of photos."""
        # Of one type always: styles that were mixed are of NumPy, others of JAX, which compiles for each.
        return self._compose(edited_masks, photos, masks, np.asarray(styles))


def generator_kind(offered: Container[str]) -> type[StyleGenerator] | type[PartGenerator]:
    """Return the kind of generator that a task has; `offered` are the names of its inference functions."""
    return PartGenerator if PartGenerator.functions[1] in offered else StyleGenerator


def load_generator(folder: Path, option: str) -> StyleGenerator | PartGenerator:
    """Load the generator of a folder: of the kind that the task which was trained there offers.

    Raises:
      UserError: as for `load_model`.
    """
    kind = generator_kind([name for name in PartGenerator.functions if offers(folder, name)])
    return kind(load_model(folder, kind.functions, option))
