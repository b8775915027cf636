"""The Dense Mapping Network G(M, M^t, I^t): generates a face from a mask in the style of a photo (paper, Sec. 3.2)."""

from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks.layers import GlobalGenerator, normal_init
from maskgan_jax.networks.precision import at_least_float32
from maskgan_jax.networks.style_encoder import SpatialAwareStyleEncoder

STYLE_INITS = {"published": normal_init, "he": nn.initializers.he_normal()}


class DenseMappingNetwork(nn.Module):
    """Style encoder and image generation backbone; 89,702,595 parameters as published.

    The style depends on photo and mask alone: callers encode it once with `encode_style` and generate images of any
    number of masks with `generate`.

    Attributes:
      widths: channels of the backbone at full, half, quarter ... size.
      residual_blocks: AdaIN residual blocks of the backbone.
      style_widths: channels of the style encoder at full, half and quarter size.
      style_deep_layers: halvings of the style encoder after the quarter size.
      num_classes: of the label maps.
      style_uses_mask: whether the style depends on the photo's mask, too; without it the network is taken for
        Pix2PixHD-m, which the paper compares MaskGAN with.
      style_init: initial weights of the style encoder: `published`, normal(0, 0.02), with which the style depends on
        the photo only after many epochs; or `he`, He et al. 2015, with which it does from the first step.
      remat: whether the backbone recomputes activations in the backward pass, see `GlobalGenerator`.
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    residual_blocks: int = 4
    style_widths: tuple[int, ...] = (16, 32, 64)
    style_deep_layers: int = 3
    num_classes: int = 19
    style_uses_mask: bool = True
    style_init: Literal["published", "he"] = "published"
    remat: bool = False
    dtype: DTypeLike = jnp.float32

    @property
    def style_size(self) -> int:
        """Entries of the style vector: shift and scale of each channel of two AdaIN layers a residual block."""
        return self.residual_blocks * 2 * 2 * self.widths[-1]

    def setup(self):
        self.style_encoder = SpatialAwareStyleEncoder(
            self.style_size,
            self.style_widths,
            self.style_deep_layers,
            self.num_classes,
            self.style_uses_mask,
            STYLE_INITS[self.style_init],
            self.dtype,
        )
        self.backbone = GlobalGenerator(
            self.widths, self.residual_blocks, self.num_classes, remat=self.remat, dtype=self.dtype
        )

    def encode_style(self, image_t: Float[Array, "b h w 3"], mask_t: Integer[Array, "b h w"]) -> Float[Array, "b s"]:
        """Encode photos in [-1, 1] with their label maps to style vectors, float32.

        Residual block by block, and in each for its two AdaIN layers: the shifts, then the scales.
        """
        return self.style_encoder(image_t, mask_t)

    def generate(self, mask: Integer[Array, "b h w"], style: Float[Array, "b s"]) -> Float[Array, "b h w 3"]:
        """Generate images in [-1, 1], float32, of label maps in the given styles."""
        return jnp.tanh(at_least_float32(self.backbone(mask, style)))

    def __call__(
        self, mask: Integer[Array, "b h w"], mask_t: Integer[Array, "b h w"], image_t: Float[Array, "b h w 3"]
    ) -> Float[Array, "b h w 3"]:
        return self.generate(mask, self.encode_style(image_t, mask_t))
