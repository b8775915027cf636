"""G: fills a hidden region of a photo as a code says (EBGAN paper, Sec. 3.2)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.ebgan.levels import Convolution, Doubling, Halving
from maskgan_jax.networks.layers import ConvTranspose
from maskgan_jax.networks.precision import at_least_float32


class InpaintingGenerator(nn.Module):
    """Halvings of the photo without the region, and doublings of what is left together with a region's code.

    With codes of 512 channels at the default widths, 11,151,168 parameters to read the surroundings and 40,382,083 to
    fill the region; with gated convolutions 22,294,400 and 80,750,339.

    Attributes:
      widths: channels after each halving; the doublings have them in reverse.
      convolution: of all levels.
      dtype: type of the computation; images are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    convolution: Convolution = "plain"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self,
        image: Float[Array, "b h w 3"],
        region: Float[Array, "b h w 1"],
        codes: Float[Array, "_ y x c"],
        train: bool = False,
    ) -> Float[Array, "_ h w 3"]:
        """Generate images in [-1, 1], of which the region is wanted; `train` uses the batch's statistics.

        Args:
          image: in [-1, 1]; only what the region leaves is read.
          region: 1 where the image is hidden, else 0.
          codes: n of every image, next to each other; what is read of the image is computed once.
          train: whether batch norm has the batch's statistics.
        """
        x, maps = jnp.concatenate([image * (1 - region), region], axis=-1), []
        for level, width in enumerate(self.widths):
            x = Halving(width, self.convolution, dtype=self.dtype, name=f"down_{level}")(x, train)
            maps.append(x)
        versions = int(codes.shape[0] // image.shape[0])
        smallest, skip = (jnp.repeat(each, versions, axis=0) for each in (maps[-1], maps[-2]))
        x = jnp.concatenate([smallest, codes.astype(smallest.dtype)], axis=-1)
        for level, width in enumerate(self.widths[:0:-1]):
            x = Doubling(width, self.convolution, dtype=self.dtype, name=f"up_{level}")(x, train)
            if not level:
                x = jnp.concatenate([x, skip], axis=-1)
        return jnp.tanh(at_least_float32(ConvTranspose(3, 4, dtype=self.dtype, name="head")(x)))
