"""Trained networks applied to photos: parse, edit, copy a style, transfer parts, interpolate between masks."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.editing.session import Subject, check_mask, check_photo, composite, edit_weight, open_photo
from maskgan_jax.inference.models import Model, load_model, offers
from maskgan_jax.photos.scaling import scale_mask, scale_photo


class Portrait(NamedTuple):
    """A face ready for any number of edits.

    Attributes:
      subject: the face and its place in the photo.
      mask: its label map, given or parsed, of any size.
      style: the style vector of the face, float32 (1, k), encoded once.
    """

    subject: Subject
    mask: UInt8[np.ndarray, "n n"]
    style: Float[Array | np.ndarray, "1 k"]


class Editor:
    """The networks for editing; each is loaded when it is first used, and compiled once."""

    def __init__(self, checkpoint: Path | None = None, mask_vae: Path | None = None, face_parser: Path | None = None):
        """Name the folders of the networks: training runs, exports or imports.

        Args:
          checkpoint: holds the Dense Mapping Network, for everything but `parse`.
          mask_vae: holds the MaskVAE, for `interpolate`; the checkpoint if None, since an EBST run has one.
          face_parser: holds the face parser, for photos without a mask.
        """
        self._folders = {
            "--checkpoint": checkpoint,
            "--mask-vae": mask_vae or checkpoint,
            "--face-parser": face_parser,
        }

    @property
    def size(self) -> int:
        """Height and width in px of the images that the Dense Mapping Network generates."""
        return self._generator.size

    @property
    def synthetic(self) -> bool:
        """Whether the Dense Mapping Network was trained on synthetic faces."""
        return self._generator.config.data.synthetic

    @property
    def parses(self) -> bool:
        """Whether a face parser was named."""
        return self._folders["--face-parser"] is not None

    @cached_property
    def interpolates(self) -> bool:
        """Whether a MaskVAE was named, or the checkpoint holds one."""
        return self._folders["--mask-vae"] != self._folders["--checkpoint"] or offers(
            self._folders["--mask-vae"], "decode_mask"
        )

    def parse(self, face: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s s"]:
        """Return the label map of a square photo of a face, at the face parser's size.

        Raises:
          UserError: the photo is not square; no face parser was named, or its folder holds none; likewise for the
            network that each method below needs.
        """
        check_photo(face)
        if face.shape[0] != face.shape[1]:
            raise UserError(f"a face to parse is square, not {face.shape[1]}x{face.shape[0]} pixels; see open_photo")
        return np.asarray(self._parse(scale_photo(face, self._face_parser.size)[None])[0])

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
        style = self.encode_style(scale_photo(subject.face, self.size)[None], scale_mask(mask, self.size)[None])
        return Portrait(subject, mask, style)

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
        generated = self.generate(scale_mask(edited_mask, self.size)[None], portrait.style)[0]
        return self.complete(portrait, edited_mask, generated, keep_outside, paste_back)

    def complete(
        self,
        portrait: Portrait,
        edited_mask: UInt8[np.ndarray, "m k"],
        generated: UInt8[np.ndarray, "s s 3"],
        keep_outside: float | int | None = None,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Combine the image generated from an edited mask with the photo; no network is called.

        For the other arguments and the result see `edit`.
        """
        edited_mask = _at_size_of_mask(portrait, edited_mask)
        subject, weight = portrait.subject, None
        if keep_outside is not None:
            weight = edit_weight(portrait.mask, edited_mask, len(subject.face), keep_outside)
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
        style = mix_styles(portrait.style, reference.style, strength)
        generated = self.generate(scale_mask(portrait.mask, self.size)[None], style)[0]
        return composite(portrait.subject, generated, paste_back=paste_back)

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
        return np.concatenate([self.generate(scale_mask(mask, self.size)[None], portrait.style) for mask in masks])

    def masks_between(
        self,
        mask: UInt8[np.ndarray, "n n"],
        reference_mask: UInt8[np.ndarray, "r q"],
        amounts: Sequence[float] | Float[np.ndarray, " f"],
    ) -> UInt8[np.ndarray, "f s s"]:
        """Return masks at these parts of the way between two masks in the MaskVAE's space, at its size."""
        size = self._mask_vae.size
        ends = np.stack([scale_mask(check_mask(each), size) for each in (mask, reference_mask)])
        start, end = self._encode_mask(ends)
        return np.asarray(self._decode_mask(start + jnp.asarray(amounts, jnp.float32)[:, None] * (end - start)))

    def encode_masks(self, masks: Sequence[UInt8[np.ndarray, "m k"]]) -> Float[np.ndarray, "n z"]:
        """Return the MaskVAE's codes of an even number of masks, encoded in pairs as `masks_between` does."""
        scaled = np.stack([scale_mask(check_mask(mask), self._mask_vae.size) for mask in masks])
        return np.concatenate([self._encode_mask(pair) for pair in scaled.reshape(-1, 2, *scaled.shape[1:])])

    def sample_masks(self, codes: Float[np.ndarray, "n z"], count: int, seed: int) -> UInt8[np.ndarray, "f s s"]:
        """Return new masks that are like those of some codes, at the MaskVAE's size."""
        return np.asarray(self._decode_mask(draw_codes(codes, count, seed)))

    def encode_style(
        self, photos: UInt8[np.ndarray, "b s s 3"], masks: UInt8[np.ndarray, "b s s"]
    ) -> Float[Array, "b k"]:
        """Return the style vectors of photos with their label maps, at the generator's size."""
        return self._encode_style(photos, masks)

    def generate(
        self, masks: UInt8[np.ndarray, "b s s"], style: Float[Array | np.ndarray, "b k"]
    ) -> UInt8[np.ndarray, "b s s 3"]:
        """Generate images from label maps, at the generator's size, in the given styles."""
        return np.asarray(self._generate(masks, style))

    def _load(self, functions: Sequence[str], option: str, purpose: str) -> Model:
        folder = self._folders[option]
        if folder is None:
            raise UserError(f"{option}: needed {purpose}; name the folder of a run, an export or an import")
        try:
            return load_model(Path(folder), functions, option)
        except UserError as error:
            raise UserError(f"{str(error).removeprefix(f'{option}: ')}. {option} is needed {purpose}") from None

    @cached_property
    def _generator(self) -> Model:
        purpose = "to generate a face: an EBST run, an export or an import"
        return self._load(("encode_style", "generate"), "--checkpoint", purpose)

    @cached_property
    def _mask_vae(self) -> Model:
        purpose = "to interpolate between masks: a MaskVAE or EBST run, or an import"
        return self._load(("encode_mask", "decode_mask"), "--mask-vae", purpose)

    @cached_property
    def _face_parser(self) -> Model:
        purpose = "for a photo without a mask: a run of configs/face_parser.py, or an import; or give the mask"
        return self._load(("parse",), "--face-parser", purpose)

    @cached_property
    def _encode_style(self) -> Callable[..., Array]:
        return self._generator.compile("encode_style")

    @cached_property
    def _generate(self) -> Callable[..., Array]:
        return self._generator.compile("generate")

    @cached_property
    def _parse(self) -> Callable[..., Array]:
        return self._face_parser.compile("parse")

    @cached_property
    def _encode_mask(self) -> Callable[..., Array]:
        return self._mask_vae.compile("encode_mask")

    @cached_property
    def _decode_mask(self) -> Callable[..., Array]:
        return self._mask_vae.compile("decode_mask")


def mix_styles(
    style: Float[Array | np.ndarray, "*b k"], reference: Float[Array | np.ndarray, "*b k"], strength: float | int
) -> Float[Array | np.ndarray, "*b k"]:
    """Return a style between two: the first at strength 0, exactly the second at 1."""
    return (1 - strength) * style + strength * reference


def draw_codes(codes: Float[np.ndarray, "n z"], count: int, seed: int) -> Float[np.ndarray, "f z"]:
    """Draw codes from the normal distribution that has the mean and the covariance of some codes.

    With a KL term as weak as the paper's, codes of masks are far from the standard normal distribution, and what a
    MaskVAE decodes from that is no face.
    """
    mean = codes.mean(0)
    weights = np.random.default_rng(seed).standard_normal((count, len(codes))) / np.sqrt(len(codes) - 1)
    return (mean + weights @ (codes - mean)).astype(np.float32)


def _at_size_of_mask(portrait: Portrait, edited_mask: UInt8[np.ndarray, "m k"]) -> UInt8[np.ndarray, "n n"]:
    """Return an edited mask at the size of the mask that the photo came with, if it came with one."""
    check_mask(edited_mask)
    given = portrait.subject.mask
    return edited_mask if given is None else scale_mask(edited_mask, len(given))
