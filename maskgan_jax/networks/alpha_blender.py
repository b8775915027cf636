"""The alpha blender: blends the two edited images into a reconstruction of the photo (paper, Sec. 3.3)."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import GlobalGenerator
from maskgan_jax.networks.precision import at_least_float32


class AlphaBlender(nn.Module):
    """`I^blend = alpha * I^inter + (1 - alpha) * I^outer`; 4,329,443 parameters as published.

    Attributes:
      widths: channels at full, half, quarter ... size.
      residual_blocks: residual blocks at the smallest size.
      remat: whether activations are recomputed in the backward pass, see `GlobalGenerator`.
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (32, 64, 128, 256)
    residual_blocks: int = 3
    remat: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, image_inter: Float[Array, "b h w 3"], image_outer: Float[Array, "b h w 3"]
    ) -> tuple[Float[Array, "b h w 3"], Float[Array, "b h w 3"]]:
        """Return the blend in [-1, 1] and alpha in [0, 1], one for each colour channel, both float32."""
        pair = jnp.concatenate([image_inter, image_outer], axis=-1)
        logits = GlobalGenerator(self.widths, self.residual_blocks, remat=self.remat, dtype=self.dtype, name="net")(
            pair
        )
        alpha = jax.nn.sigmoid(at_least_float32(logits))
        return alpha * image_inter + (1 - alpha) * image_outer, alpha
