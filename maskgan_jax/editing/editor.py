"""Edits of photos of faces: of their masks, their style or that of single parts; faces made of the parts of others."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt8

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from maskgan_jax.editing.networks import Networks
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.editing.parts import WHOLE_FACE
from maskgan_jax.editing.session import Subject, check_mask, composite, edit_weight, open_photo
from maskgan_jax.editing.styles import Style
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.portrait_editing.labels import PARTS

_READ_BY_MASK = ("skin", "hair", "mouth")
"""Parts whose style is that of the pixels which the mask gives them; eyes are read from a window."""


class Portrait(NamedTuple):
    """A face ready for any number of edits.

    Attributes:
      subject: the face and its place in the photo.
      mask: its label map, given or parsed, of any size.
      style: the style of the face, encoded once: float32 (1, k), or in portrait editing one of each part, (1, p, k).
      background: what else the generator reads of the photo, arrays of a batch of one.
    """

    subject: Subject
    mask: UInt8[np.ndarray, "n n"]
    style: Float[Array | np.ndarray, "1 *p k"]
    background: tuple[UInt8[np.ndarray, "1 ..."], ...] = ()


class Editor(Networks):
    """What can be done with a face; a method raises a `UserError` for a network that it needs and that isn't there."""

    def portrait(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        mask: UInt8[np.ndarray, "m k"] | None = None,
        align: bool = True,
        face: int | None = None,
    ) -> Portrait:
        """Open a photo for editing: find its face, parse it and encode its style.

        For the arguments see `session.open_photo`; with a mask nothing is found or parsed.
        """
        return self.encode(open_photo(photo, mask, align, face))

    def encode(self, subject: Subject) -> Portrait:
        """Encode the style of a face, and parse the face if it has no mask."""
        mask = self.parse(subject.face) if subject.mask is None else subject.mask
        scaled = scale_photo(subject.face, self.size)[None], scale_mask(mask, self.size)[None]
        return Portrait(subject, mask, self.encode_style(*scaled), self.background(*scaled))

    def edit(
        self,
        portrait: Portrait,
        edited_mask: UInt8[np.ndarray, "m k"],
        keep_outside: float | int | None = None,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Generate the portrait's face again from an edited mask.

        Args:
          portrait: the face, its mask and its style.
          edited_mask: the new mask, square; scaled by nearest neighbour to the photo's size if the photo came with a
            mask.
          keep_outside: change the photo only where the masks differ and, with a weight that falls to 0, up to this many
            px of the face around; None generates every pixel.
          paste_back: return the whole photo with the edited face in it.

        Returns:
          The whole photo, or the face: at its size in the photo with `keep_outside`, else at the generator's size.
        """
        edited_mask = _at_size_of_mask(portrait, edited_mask)
        return self.complete(portrait, edited_mask, self._generate_one(edited_mask, portrait), keep_outside, paste_back)

    def complete(
        self,
        portrait: Portrait,
        edited_mask: UInt8[np.ndarray, "m k"],
        generated: UInt8[np.ndarray, "s s 3"],
        keep_outside: float | int | None = None,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Combine the image generated from an edited mask with the photo.

        If networks for it were named, freed background is filled after that, so that it fits what surrounds it.

        For the other arguments and the result see `edit`.
        """
        edited_mask = _at_size_of_mask(portrait, edited_mask)
        subject, weight = portrait.subject, None
        if keep_outside is not None:
            weight = edit_weight(portrait.mask, edited_mask, len(subject.face), keep_outside)
        if self._background_filler is not None:
            face = composite(subject, generated, weight)
            filled = self._background_filler.fill(face, portrait.mask, edited_mask, keep_outside)
            if filled is not face:
                generated, weight = filled, None if weight is None else (weight > 0).astype(float)
        return composite(subject, generated, weight, paste_back)

    def copy_style(
        self, portrait: Portrait, reference: Portrait, paste_back: bool = False, strength: float | int = 1
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Generate the portrait's face in the reference's style (style copy; Lee et al. 2020, Table 3).

        Args:
          portrait: the face.
          reference: the face with the style.
          paste_back: return the whole photo with the edited face in it.
          strength: how far to go from the portrait's own style, 0, to the reference's, 1.
        """
        return self.copy_parts(portrait, {"all": reference}, paste_back, strength)

    def copy_parts(
        self,
        portrait: Portrait,
        references: Mapping[str, Portrait],
        paste_back: bool = False,
        strength: float | int = 1,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Generate the portrait's face with the style of some parts from other faces.

        Args:
          portrait: the face; its mask stays as it is.
          references: the faces with the styles, by names of `parts.STYLE_PARTS`.
          paste_back: return the whole photo with the edited face in it.
          strength: how far to go from the parts' own styles, 0, to the references', 1.

        Raises:
          UserError: as `mix_references`.
        """
        style = self.mix_references(portrait, portrait.mask, references, strength)
        generated = self._generate_one(portrait.mask, portrait._replace(style=style))
        return composite(portrait.subject, generated, paste_back=paste_back)

    def mix_references(
        self,
        portrait: Portrait,
        mask: UInt8[np.ndarray, "m m"],
        references: Mapping[str, Portrait],
        strength: float | int,
    ) -> Style:
        """Return the style in which a face is generated from a mask, with the styles of parts of other faces.

        For the other arguments see `copy_parts`.

        Raises:
          UserError: as `mix_parts`; or the mask shows a named part that is taken from a photo which has none.
        """
        styles = {name: reference.style for name, reference in references.items()}
        style = self.mix_parts(portrait.style, styles, strength)
        for name, reference in references.items():
            if name in _READ_BY_MASK and _shows(mask, name) and not _shows(reference.mask, name):
                raise UserError(
                    f"{name}: the mask shows it, but the photo that it is taken from has none; take it from another "
                    "photo, or keep the photo's own"
                )
        return style

    def swap(
        self, portrait: Portrait, reference: Portrait, paste_back: bool = False, keep_hair: bool = False
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Generate the reference's face in the portrait's layout, before its background (Gu et al. 2019).

        Args:
          portrait: the face to replace.
          reference: the face to take all parts' styles of.
          paste_back: return the whole photo with the edited face in it.
          keep_hair: keep the portrait's hair.

        Raises:
          UserError: as `mix_references`.
        """
        names = [name for name in WHOLE_FACE if not (keep_hair and name == "hair")]
        return self.copy_parts(portrait, dict.fromkeys(names, reference), paste_back)

    def assemble(
        self,
        mask: UInt8[np.ndarray, "m k"],
        sources: Mapping[str, Portrait],
        background: Portrait | None = None,
    ) -> UInt8[np.ndarray, "s s 3"]:
        """Generate a face for a mask, of the parts of other faces.

        Args:
          mask: square, of any size.
          sources: the faces with the styles, by names of `parts.STYLE_PARTS` that together make up the face.
          background: the photo that the face is set into; that of the first source if None.

        Raises:
          UserError: as `mix_parts`.
        """
        first, *_ = sources.values()
        style = self.mix_parts(first.style, {name: source.style for name, source in sources.items()}, 1)
        return self._generate_one(check_mask(mask), (background or first)._replace(style=style))

    def transfer(
        self,
        portrait: Portrait,
        reference_mask: UInt8[np.ndarray, "r q"],
        parts: Sequence[str],
        keep_outside: float | int | None = None,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Generate the portrait's face with parts of a reference mask, such as its smile.

        For the arguments see `part_transfer.transfer_parts` and `edit`.
        """
        edited_mask = transfer_parts(portrait.mask, check_mask(reference_mask), parts)
        return self.edit(portrait, edited_mask, keep_outside, paste_back)

    def interpolate(
        self, portrait: Portrait, reference_mask: UInt8[np.ndarray, "r q"], frames: int
    ) -> UInt8[np.ndarray, "f s s 3"]:
        """Generate the portrait's face from masks between its own and another, equally spaced in the MaskVAE's space.

        The first and the last frame are of the two masks as the MaskVAE reconstructs them.
        """
        masks = self.masks_between(portrait.mask, reference_mask, np.linspace(0, 1, frames))
        return np.stack([self._generate_one(mask, portrait) for mask in masks])

    def _generate_one(self, mask: UInt8[np.ndarray, "m m"], portrait: Portrait) -> UInt8[np.ndarray, "s s 3"]:
        """Generate the face of a mask in the style and before the background of a portrait."""
        return self.generate(scale_mask(mask, self.size)[None], portrait.style, *portrait.background)[0]


def _shows(mask: UInt8[np.ndarray, "m m"], part: str) -> bool:
    return bool(np.isin(mask, [CLASSES.index(name) for name in PARTS[part]]).any())


def _at_size_of_mask(portrait: Portrait, edited_mask: UInt8[np.ndarray, "m k"]) -> UInt8[np.ndarray, "n n"]:
    """Return an edited mask at the size of the mask that the photo came with, if it came with one."""
    check_mask(edited_mask)
    given = portrait.subject.mask
    return edited_mask if given is None else scale_mask(edited_mask, len(given))
