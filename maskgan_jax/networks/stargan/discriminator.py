"""D: how real the patches of a photo are, and which attributes the whole photo shows (StarGAN, appendix, Table 5)."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv, pytorch_init
from maskgan_jax.networks.precision import at_least_float32

SLOPE = 0.01
"""Of the leaky ReLU (published code)."""


class AttributeDiscriminator(nn.Module):
    """4x4 convolutions of stride 2 with leaky ReLU and no norm, then two heads without bias.

    At the default widths with one attribute, 44,753,856 parameters for photos of 256 px and 44,852,160 for 512 px.

    Attributes:
      attributes: how many.
      widths: channels after each halving.
      dtype: type of the computation; results are float32.
    """

    attributes: int = 1
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"]) -> tuple[Float[Array, "b y x"], Float[Array, "b n"]]:
        """Compute how real each patch of images in [-1, 1] is, without bounds, and the logit of each attribute."""
        x = image
        for level, width in enumerate(self.widths):
            conv = Conv(width, 4, 2, 1, kernel_init=pytorch_init, dtype=self.dtype, name=f"conv_{level}")
            x = jax.nn.leaky_relu(conv(x), SLOPE)
        settings = {"kernel_init": pytorch_init, "use_bias": False, "dtype": self.dtype}
        patches = Conv(1, 3, padding=1, name="patches", **settings)(x)[..., 0]
        logits = Conv(self.attributes, x.shape[1], name="classes", **settings)(x)[:, 0, 0]
        return at_least_float32(patches), at_least_float32(logits)
