"""Trained networks in a user's hands: parse a photo, edit it, copy a style, transfer a part, interpolate."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import Image

from maskgan_jax import inference, models
from maskgan_jax.compositing import blend, feathered
from maskgan_jax.errors import UserError
from maskgan_jax.mask_editing import transfer_parts


class Portrait(NamedTuple):
    """A photo ready for any number of edits.

    Attributes:
      photo: the face, uint8 (h w 3), square.
      mask: its label map, uint8, square, of any size.
      style: what the photo looks like, encoded once, float32 (1 s).
    """

    photo: UInt8[np.ndarray, "h w 3"]
    mask: UInt8[np.ndarray, "n n"]
    style: Float[Array, "1 s"]


class Editor:
    """The networks that edits need; each is read when it is first used, and compiled once."""

    def __init__(self, checkpoint: Path | None = None, mask_vae: Path | None = None, face_parser: Path | None = None):
        """Names the folders: of training runs, exports or imports.

        Args:
          checkpoint: holds the Dense Mapping Network, for everything but `parse`.
          mask_vae: holds the MaskVAE, for `interpolate`; the checkpoint, as EBST left it, unless given.
          face_parser: holds the face parser, for photos without a mask.
        """
        self._folders = {
            "--checkpoint": checkpoint,
            "--mask-vae": mask_vae or checkpoint,
            "--face-parser": face_parser,
        }

    @property
    def size(self) -> int:
        """Height and width in px of what the Dense Mapping Network draws."""
        return self._generator.size

    @property
    def parser_size(self) -> int:
        """Height and width in px of the masks that the face parser gives."""
        return self._face_parser.size

    def parse(self, photo: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "n n"]:
        """The label map of a square photo of a face, at the face parser's size.

        Raises:
          UserError: no face parser was named, or there is none in its folder; likewise in every method below.
        """
        model = self._face_parser
        return np.asarray(self._parse(model.variables, _scaled(photo, model.size)[None])[0])

    def portrait(self, photo: UInt8[np.ndarray, "h w 3"], mask: UInt8[np.ndarray, "n n"] | None = None) -> Portrait:
        """Encodes the style of a square photo; its label map is parsed unless given."""
        mask = self.parse(photo) if mask is None else mask
        return Portrait(photo, mask, self.encode_style(_scaled(photo, self.size)[None], self._fit(mask)[None]))

    def edit(
        self, portrait: Portrait, edited_mask: UInt8[np.ndarray, "n n"], keep_outside: float | int | None = None
    ) -> UInt8[np.ndarray, "m m 3"]:
        """The photo redrawn after an edited mask.

        Args:
          portrait: the photo, its mask and its style.
          edited_mask: the mask as it should be, of any square size.
          keep_outside: draw only where the masks differ and, growing weaker, up to this many px of the photo around it;
            beyond it the photo's pixels stay as they are. Everything is drawn anew unless given.

        Returns:
          The picture at the editor's size; with `keep_outside` at the photo's.
        """
        drawn = self.generate(self._fit(edited_mask)[None], portrait.style)[0]
        if keep_outside is None:
            return drawn
        size = portrait.photo.shape[0]
        return blend(
            portrait.photo, _scaled(drawn, size), self.edit_weight(portrait.mask, edited_mask, size, keep_outside)
        )

    def copy_style(self, portrait: Portrait, reference: Portrait) -> UInt8[np.ndarray, "s s 3"]:
        """The portrait's geometry in the reference's style (style copy; paper, Table 3)."""
        return self.edit(reference, portrait.mask)

    def transfer(
        self,
        portrait: Portrait,
        reference_mask: UInt8[np.ndarray, "n n"],
        parts: Sequence[str],
        keep_outside: float | int | None = None,
    ) -> UInt8[np.ndarray, "m m 3"]:
        """Parts of a reference's mask, such as its smile, laid into the portrait's and drawn in the portrait's style.

        See `mask_editing.transfer_parts` and `edit` for the arguments.
        """
        return self.edit(portrait, transfer_parts(portrait.mask, reference_mask, parts), keep_outside)

    def interpolate(
        self, portrait: Portrait, reference_mask: UInt8[np.ndarray, "n n"], frames: int
    ) -> UInt8[np.ndarray, "f s s 3"]:
        """The way from the portrait's mask to another through the MaskVAE's space, in the portrait's style.

        The first and the last frame are of the two masks as the MaskVAE gives them back.
        """
        model = self._mask_vae
        ends = np.stack([_scaled_labels(mask, model.size) for mask in (portrait.mask, reference_mask)])
        masks = self._interpolate(model.variables, ends, jnp.linspace(0, 1, frames))
        return np.concatenate([self.generate(self._fit(mask)[None], portrait.style) for mask in np.asarray(masks)])

    def encode_style(
        self, photos: UInt8[np.ndarray, "b s s 3"], masks: UInt8[np.ndarray, "b s s"]
    ) -> Float[Array, "b k"]:
        """The style vectors of photos with their label maps, at the editor's size."""
        return self._encode_style(self._generator.variables, photos, masks)

    def generate(self, masks: UInt8[np.ndarray, "b s s"], style: Float[Array, "b k"]) -> UInt8[np.ndarray, "b s s 3"]:
        """Draws label maps, at the editor's size, in the given styles."""
        return np.asarray(self._generate(self._generator.variables, masks, style))

    def edit_weight(
        self, mask: UInt8[np.ndarray, "n n"], edited_mask: UInt8[np.ndarray, "m m"], size: int, feather: float | int
    ) -> Float[np.ndarray, "s s"]:
        """How much of an edit shows at every pixel of a picture of `size` px: 1 where masks differ, 0 far from it."""
        return feathered(_scaled_labels(mask, size) != _scaled_labels(edited_mask, size), feather)

    def _fit(self, mask: np.ndarray) -> np.ndarray:
        return _scaled_labels(mask, self.size)

    def _folder(self, option: str, purpose: str) -> Path:
        folder = self._folders[option]
        if folder is None:
            raise UserError(f"{option}: needed {purpose}; name the folder of a run, an export or an import")
        return folder

    @cached_property
    def _generator(self) -> models.Model:
        return models.load("generator", self._folder("--checkpoint", "to draw a face"), "--checkpoint")

    @cached_property
    def _mask_vae(self) -> models.Model:
        return models.load("mask_vae", self._folder("--mask-vae", "to interpolate between masks"), "--mask-vae")

    @cached_property
    def _face_parser(self) -> models.Model:
        return models.load("face_parser", self._folder("--face-parser", "for a photo without a mask"), "--face-parser")

    @cached_property
    def _encode_style(self) -> Callable:
        return jax.jit(partial(inference.encode_style, self._generator.network))

    @cached_property
    def _generate(self) -> Callable:
        return jax.jit(partial(inference.generate, self._generator.network))

    @cached_property
    def _parse(self) -> Callable:
        return jax.jit(partial(inference.parse, self._face_parser.network))

    @cached_property
    def _interpolate(self) -> Callable:
        return jax.jit(partial(inference.interpolate, self._mask_vae.network))


def _scaled(photo: UInt8[np.ndarray, "h w 3"], size: int) -> UInt8[np.ndarray, "s s 3"]:
    return np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.LANCZOS))


def _scaled_labels(mask: UInt8[np.ndarray, "n n"], size: int) -> UInt8[np.ndarray, "s s"]:
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))
