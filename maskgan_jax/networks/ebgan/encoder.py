"""E: what a region of a photo shows, as a code (EBGAN paper, Sec. 3.2)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.ebgan.levels import Halving
from maskgan_jax.networks.precision import at_least_float32


class ExemplarEncoder(nn.Module):
    """Halvings, the last without activation; 6,955,328 parameters at the default widths.

    Attributes:
      widths: channels after each halving; the last is the code's.
      dtype: type of the computation; codes are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, image: Float[Array, "b h w 3"], region: Float[Array, "b h w 1"], train: bool = False
    ) -> Float[Array, "b y x c"]:
        """Encode images in [-1, 1] where the region is 1; nothing else is read. `train` uses the batch's statistics."""
        x = jnp.concatenate([image * region, region], axis=-1)
        for level, width in enumerate(self.widths):
            is_activated = level < len(self.widths) - 1
            x = Halving(width, is_activated=is_activated, dtype=self.dtype, name=f"down_{level}")(x, train)
        return at_least_float32(x)
