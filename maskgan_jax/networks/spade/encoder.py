"""E: the style of a photo as the distribution of a code (SPADE, Sec. 3 and appendix; code, `ConvEncoder`)."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import leaky_relu, xavier_init
from maskgan_jax.networks.normalisation import instance_norm
from maskgan_jax.networks.precision import at_least_float32
from maskgan_jax.networks.spectral_norm import SpectralConv

SMALLEST = 4
"""Height and width in px of the last maps."""


class StyleEncoder(nn.Module):
    """Halvings down to 4 px, two dense layers; 10,463,424 parameters at the default widths.

    Photos of another size are scaled to the one that the widths halve to 4 px, 256 px by default.

    Attributes:
      widths: channels after each halving.
      code_size: entries of a code.
      dtype: type of the computation; means and log-variances are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 512, 512)
    code_size: int = 256
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, image: Float[Array, "b h w 3"], train: bool = False
    ) -> tuple[Float[Array, "b z"], Float[Array, "b z"]]:
        """Return mean and log-variance of the codes of images in [-1, 1]; `train` moves singular vectors."""
        b, size = image.shape[0], SMALLEST * 2 ** len(self.widths)
        x = jax.image.resize(image, (b, size, size, 3), "bilinear", antialias=False)
        for level, width in enumerate(self.widths):
            conv = SpectralConv(width, 3, 2, 1, use_bias=False, dtype=self.dtype, name=f"down_{level}")
            x = leaky_relu(instance_norm(conv(x, train)))
        flat = x.transpose(0, 3, 1, 2).reshape(b, -1)  # channel-major, as the code has it
        mean, log_variance = (
            nn.Dense(self.code_size, kernel_init=xavier_init, dtype=self.dtype, name=name)(flat)
            for name in ("to_mean", "to_log_variance")
        )
        return at_least_float32(mean), at_least_float32(log_variance)
