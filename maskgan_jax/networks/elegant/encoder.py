"""Enc: a photo as a latent encoding, in which every attribute has a block of channels (ELEGANT paper, Sec. 3.2)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.elegant.halving import Halving


class LatentEncoder(nn.Module):
    """Halvings; 3,910,794 parameters at the default widths.

    Attributes:
      widths: channels after each halving; the last is the encoding's.
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"]) -> list[Array]:
        """Compute the maps (b y x c) after each halving of images in [-1, 1], largest first.

        The last is the latent encoding, the others are the decoder's skips.
        """
        x, maps = image, []
        for level, width in enumerate(self.widths):
            x = Halving(width, self.dtype, name=f"down_{level}")(x)
            maps.append(x)
        return maps
