"""The networks that faces are edited with, by the folders that hold them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.editing import styles
from maskgan_jax.editing.backgrounds import BackgroundFiller
from maskgan_jax.editing.generators import PartGenerator, StyleGenerator, load_generator
from maskgan_jax.editing.parts import WHOLE_FACE
from maskgan_jax.editing.session import check_mask, check_photo
from maskgan_jax.editing.styles import Style
from maskgan_jax.inference.models import Model, load_model, offers
from maskgan_jax.photos.scaling import scale_mask, scale_photo

Loaded = TypeVar("Loaded")


class Networks:
    """The networks for editing; each is loaded when it is first used, and compiled once."""

    def __init__(
        self,
        checkpoint: Path | None = None,
        mask_vae: Path | None = None,
        face_parser: Path | None = None,
        fill_background: Path | None = None,
    ):
        """Name the folders of the networks: training runs, exports or imports.

        Args:
          checkpoint: holds the generator, for everything but `parse`: MaskGAN's Dense Mapping Network, or the networks
            of portrait editing.
          mask_vae: holds the MaskVAE, for `interpolate`; the checkpoint if None, since an EBST run has one.
          face_parser: holds the face parser, for photos without a mask.
          fill_background: holds EBGAN's networks, for background that an edit frees; the generator fills it if None.
        """
        self._folders = {
            "--checkpoint": checkpoint,
            "--mask-vae": mask_vae or checkpoint,
            "--face-parser": face_parser,
            "--fill-background": fill_background,
        }

    @property
    def size(self) -> int:
        """Height and width in px of the images that are generated."""
        return self._generator.model.size

    @property
    def synthetic(self) -> bool:
        """Whether the generator was trained on synthetic faces."""
        return self._generator.model.config.data.synthetic

    @property
    def style_parts(self) -> tuple[str, ...]:
        """Names of `parts.WHOLE_FACE` if each part has a style of its own; () if a face has one style."""
        return WHOLE_FACE if self._generator.parts else ()

    @property
    def parses(self) -> bool:
        """Whether a face parser was named."""
        return self._folders["--face-parser"] is not None

    @property
    def fills_background(self) -> bool:
        """Whether networks were named that fill the background which an edit frees."""
        return self._folders["--fill-background"] is not None

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

    def encode_style(self, photos: UInt8[np.ndarray, "b s s 3"], masks: UInt8[np.ndarray, "b s s"]) -> Style:
        """Return the styles of photos with their label maps, at the generator's size."""
        return self._generator.encode(photos, masks)

    def background(
        self, photos: UInt8[np.ndarray, "b s s 3"], masks: UInt8[np.ndarray, "b s s"]
    ) -> tuple[UInt8[np.ndarray, "b ..."], ...]:
        """Return what `generate` reads of photos, with their label maps and at its size, beside their styles."""
        return self._generator.background(photos, masks)

    def mix_parts(self, style: Style, references: Mapping[str, Style], strength: float | int) -> Style:
        """Return a style whose parts are on the way to those of other styles.

        For the arguments see `styles.mix_parts`; with `all` alone a face may have one style.

        Raises:
          UserError: as `styles.mix_parts`; or parts are named, but a face has one style.
        """
        self.require_parts(references)
        if list(references) == ["all"]:
            return styles.mix_styles(style, references["all"], strength)
        return styles.mix_parts(style, references, strength, self._generator.parts)

    def drawn_parts(self, mix_parts: bool) -> tuple[str, ...]:
        """Return the names of what is drawn from a face of its own: the whole face, or each of its parts.

        Raises:
          UserError: as `require_parts`.
        """
        names = WHOLE_FACE if mix_parts else ("all",)
        self.require_parts(names)
        return names

    def require_parts(self, names: Iterable[str]) -> None:
        """Check that some of `parts.STYLE_PARTS` have a style of their own.

        Raises:
          UserError: a face has one style.
        """
        if list(names) != ["all"] and not self._generator.parts:
            raise UserError(
                f"--checkpoint: the run at {self._folders['--checkpoint']} has one style for the whole face, none for "
                f"{', '.join(names)}; give a run of configs/portrait_editing.py, or take the style as a whole: "
                "python -m maskgan_jax.edit style"
            )

    def generate(
        self, masks: UInt8[np.ndarray, "b s s"], style: Style, *background: UInt8[np.ndarray, "b ..."]
    ) -> UInt8[np.ndarray, "b s s 3"]:
        """Generate images from label maps, at the generator's size, in the given styles.

        Args:
          masks: label maps.
          style: of each face.
          background: of each face, what `background` returns.
        """
        return np.asarray(self._generator.generate(masks, style, *background))

    def _load(self, option: str, purpose: str, load: Callable[[Path, str], Loaded]) -> Loaded:
        folder = self._folders[option]
        if folder is None:
            raise UserError(f"{option}: needed {purpose}; name the folder of a run, an export or an import")
        try:
            return load(Path(folder), option)
        except UserError as error:
            raise UserError(f"{str(error).removeprefix(f'{option}: ')}. {option} is needed {purpose}") from None

    def _load_model(self, option: str, purpose: str, *functions: str) -> Model:
        return self._load(option, purpose, lambda folder, option: load_model(folder, functions, option))

    @cached_property
    def _generator(self) -> StyleGenerator | PartGenerator:
        purpose = "to generate a face: a run of ebst, dense_mapping, spade or portrait_editing, an export or an import"
        return self._load("--checkpoint", purpose, load_generator)

    @cached_property
    def _mask_vae(self) -> Model:
        purpose = "to interpolate between masks: a MaskVAE or EBST run, or an import"
        return self._load_model("--mask-vae", purpose, "encode_mask", "decode_mask")

    @cached_property
    def _face_parser(self) -> Model:
        purpose = "for a photo without a mask: a run of configs/face_parser.py, or an import; or give the mask"
        return self._load_model("--face-parser", purpose, "parse")

    @cached_property
    def _background_filler(self) -> BackgroundFiller | None:
        if not self.fills_background:
            return None
        purpose = "to fill freed background: a run of ebgan or att_ebgan, or an export; or leave it out"
        return self._load("--fill-background", purpose, BackgroundFiller)

    @cached_property
    def _parse(self) -> Callable[..., Array]:
        return self._face_parser.compile("parse")

    @cached_property
    def _encode_mask(self) -> Callable[..., Array]:
        return self._mask_vae.compile("encode_mask")

    @cached_property
    def _decode_mask(self) -> Callable[..., Array]:
        return self._mask_vae.compile("decode_mask")


def draw_codes(codes: Float[np.ndarray, "n z"], count: int, seed: int) -> Float[np.ndarray, "f z"]:
    """Draw codes from the normal distribution that has the mean and the covariance of some codes.

    With a KL term as weak as the paper's, codes of masks are far from the standard normal distribution, and what a
    MaskVAE decodes from that is no face.
    """
    mean = codes.mean(0)
    weights = np.random.default_rng(seed).standard_normal((count, len(codes))) / np.sqrt(len(codes) - 1)
    return (mean + weights @ (codes - mean)).astype(np.float32)
