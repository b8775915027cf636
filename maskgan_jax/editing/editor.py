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

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.inference import functions, models
from maskgan_jax.photos.compositing import blend, feathered


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

    def parse(self, photo: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "n n"]:
        """The label map of a square photo of a face, at the face parser's size.

        Raises:
          UserError: no face parser was named, or there is none in its folder; likewise in every method below.
        """
        _check_photo(photo)
        model = self._face_parser
        return np.asarray(self._parse(model.variables, _scaled(photo, model.size)[None])[0])

    def portrait(self, photo: UInt8[np.ndarray, "h w 3"], mask: UInt8[np.ndarray, "n n"] | None = None) -> Portrait:
        """Encodes the style of a square photo; its label map is parsed unless given."""
        _check_photo(photo)
        mask = self.parse(photo) if mask is None else _check_mask(mask)
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
        drawn = self.generate(self._fit(_check_mask(edited_mask))[None], portrait.style)[0]
        if keep_outside is None:
            return drawn
        weight = self.edit_weight(portrait, edited_mask, keep_outside)
        return blend(portrait.photo, _scaled(drawn, portrait.photo.shape[0]), weight)

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
        self, portrait: Portrait, edited_mask: UInt8[np.ndarray, "n n"], feather: float | int
    ) -> Float[np.ndarray, "h w"]:
        """How much of an edit shows at each pixel of the photo: 1 where the masks differ, 0 beyond the feather."""
        size = portrait.photo.shape[0]
        return feathered(_scaled_labels(portrait.mask, size) != _scaled_labels(edited_mask, size), feather)

    def _fit(self, mask: np.ndarray) -> np.ndarray:
        return _scaled_labels(mask, self.size)

    def _load(self, network: str, option: str, purpose: str) -> models.Model:
        folder = self._folders[option]
        if folder is None:
            raise UserError(f"{option}: needed {purpose}; name the folder of a run, an export or an import")
        try:
            return models.load(network, Path(folder), option)
        except UserError as error:
            raise UserError(f"{str(error).removeprefix(f'{option}: ')}. {option} is needed {purpose}") from None

    @cached_property
    def _generator(self) -> models.Model:
        return self._load("generator", "--checkpoint", "to draw a face: an EBST run, an export or an import")

    @cached_property
    def _mask_vae(self) -> models.Model:
        return self._load("mask_vae", "--mask-vae", "to interpolate between masks: a MaskVAE or EBST run, or an import")

    @cached_property
    def _face_parser(self) -> models.Model:
        purpose = "for a photo without a mask: a run of configs/face_parser.py, or an import; or give the mask"
        return self._load("face_parser", "--face-parser", purpose)

    @cached_property
    def _encode_style(self) -> Callable:
        return jax.jit(partial(functions.encode_style, self._generator.network))

    @cached_property
    def _generate(self) -> Callable:
        return jax.jit(partial(functions.generate, self._generator.network))

    @cached_property
    def _parse(self) -> Callable:
        return jax.jit(partial(functions.parse, self._face_parser.network))

    @cached_property
    def _interpolate(self) -> Callable:
        return jax.jit(partial(functions.interpolate, self._mask_vae.network))


def _scaled(photo: UInt8[np.ndarray, "h w 3"], size: int) -> UInt8[np.ndarray, "s s 3"]:
    return np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.LANCZOS))


def _scaled_labels(mask: UInt8[np.ndarray, "n n"], size: int) -> UInt8[np.ndarray, "s s"]:
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))


def _check_photo(photo: np.ndarray) -> None:
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or photo.shape[0] != photo.shape[1]:
        raise UserError(f"a photo is a square array of uint8 (n, n, 3), not of {photo.dtype} {photo.shape}")


def _check_mask(mask: np.ndarray) -> np.ndarray:
    if mask.dtype != np.uint8 or mask.ndim != 2 or mask.shape[0] != mask.shape[1]:
        raise UserError(f"a mask is a square array of uint8 (n, n), not of {mask.dtype} {mask.shape}")
    if mask.max() >= NUM_CLASSES:
        raise UserError(f"label {mask.max()} is above {NUM_CLASSES - 1}; labels are those of data_pipeline/labels.py")
    return mask
