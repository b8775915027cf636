"""Dec: what an exchange of attributes adds to a photo (ELEGANT paper, Sec. 3.2 and 3.3)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import ConvTranspose
from maskgan_jax.networks.normalisation import UnitLengthNorm
from maskgan_jax.networks.precision import at_least_float32


class ResidualDecoder(nn.Module):
    """Doublings, to each of which the encoder's map of that size is added; 6,269,579 parameters at the default widths.

    Attributes:
      widths: channels after each doubling but the last: those of the encoder's maps from the smallest skip up.
      dtype: type of the computation; images are float32.
    """

    widths: tuple[int, ...] = (512, 256, 128, 64)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, encodings: Float[Array, "_ y x c"], own: Float[Array, "b y x c"], *skips: Float[Array, "b _ _ _"]
    ) -> Float[Array, "_ h w 3"]:
        """Compute residuals in [-2, 2] of images.

        Args:
          encodings: n of every image, next to each other: its own, in which blocks may be another's.
          own: the latent encoding of every image.
          skips: the encoder's other maps of the images, largest first.
        """
        versions = int(encodings.shape[0] // own.shape[0])

        def for_versions(x: Array) -> Array:
            return jnp.repeat(x, versions, axis=0)

        x = jnp.concatenate([encodings, for_versions(own)], axis=-1)
        for level, (width, skip) in enumerate(zip(self.widths, reversed(skips), strict=True)):
            x = ConvTranspose(width, dtype=self.dtype, name=f"up_{level}")(x)
            x = nn.relu(UnitLengthNorm(name=f"norm_{level}")(x)) + for_versions(skip)
        return 2 * jnp.tanh(at_least_float32(ConvTranspose(3, dtype=self.dtype, name="head")(x)))
