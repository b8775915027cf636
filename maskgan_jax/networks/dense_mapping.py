"""The Dense Mapping Network G(M, M^t, I^t): a mask drawn in the style of a photo with its mask (paper, Sec. 3.2)."""

from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import GlobalGenerator, normal_init
from maskgan_jax.networks.style_encoder import SpatialAwareStyleEncoder

STYLE_INITS = {"published": normal_init, "he": nn.initializers.he_normal()}


class DenseMappingNetwork(nn.Module):
    """Style encoder and image generation backbone; 89,702,595 parameters as published.

    The style depends on photo and mask alone, so callers encode it once with `encode_style` and draw any number of
    masks in it with `generate`.

    Attributes:
      widths: channels of the backbone at full, half, quarter ... size.
      residual_blocks: AdaIN residual blocks of the backbone.
      style_widths: channels of the style encoder at full, half and quarter size.
      style_deep_layers: halvings of the style encoder after the quarter size.
      style_init: how the style encoder begins: `published`, normal(0, 0.02), out of which a style grows over many
        epochs; or `he`, He et al. 2015, which hands differences between photos on from the first step.
      remat: whether the backbone keeps little for the backward pass, see `GlobalGenerator`.
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    residual_blocks: int = 4
    style_widths: tuple[int, ...] = (16, 32, 64)
    style_deep_layers: int = 3
    style_init: Literal["published", "he"] = "published"
    remat: bool = False
    dtype: DTypeLike = jnp.float32

    def setup(self):
        style_size = self.residual_blocks * 2 * 2 * self.widths[-1]
        self.style_encoder = SpatialAwareStyleEncoder(
            style_size, self.style_widths, self.style_deep_layers, STYLE_INITS[self.style_init], self.dtype
        )
        self.backbone = GlobalGenerator(self.widths, self.residual_blocks, remat=self.remat, dtype=self.dtype)

    def encode_style(self, image_t: Float[Array, "b h w 3"], mask_t: Float[Array, "b h w k"]) -> Float[Array, "b s"]:
        """Style vector, float32, of photos in [-1, 1] with their one-hot masks.

        Residual block by block, and in each for its two AdaIN layers: the shifts, then the scales.
        """
        return self.style_encoder(image_t, mask_t)

    def generate(self, mask: Float[Array, "b h w k"], style: Float[Array, "b s"]) -> Float[Array, "b h w 3"]:
        """Draws one-hot masks in the given styles: images in [-1, 1], float32."""
        return jnp.tanh(self.backbone(mask, style).astype(jnp.float32))

    def __call__(
        self, mask: Float[Array, "b h w k"], mask_t: Float[Array, "b h w k"], image_t: Float[Array, "b h w 3"]
    ) -> Float[Array, "b h w 3"]:
        return self.generate(mask, self.encode_style(image_t, mask_t))
