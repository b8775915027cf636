"""G_local: a code to the features of its part, and to an image of the part (Gu et al., CVPR 2019, Sec. 3.1 and 3.2)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, ConvTranspose, bias_init, pytorch_init
from maskgan_jax.networks.precision import at_least_float32


class FeatureDecoder(nn.Module):
    """A dense layer to the smallest map, then doublings with batch norm.

    At the published sizes, 256 px faces, 7,345,920 parameters for skin and for hair, 14,966,784 for the mouth and
    4,720,128 for an eye.

    Attributes:
      size: height and width of the smallest map.
      start_width: channels of the smallest map.
      widths: channels after each doubling; without any, the features are the smallest map.
      use_bias: whether the dense layer has one.
      norm_momentum: what batch norm keeps of its running statistics in a step.
      dtype: type of the computation, and of the features.
    """

    size: tuple[int, int]
    start_width: int
    widths: tuple[int, ...]
    use_bias: bool
    norm_momentum: float = 0.1
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, code: Float[Array, "b z"], train: bool = False) -> Float[Array, "b h w o"]:
        """Decode the features of codes; `train` uses the batch's statistics."""
        dense = nn.Dense(
            self.size[0] * self.size[1] * self.start_width,
            self.use_bias,
            self.dtype,
            kernel_init=pytorch_init,
            bias_init=bias_init(code.shape[-1]),
            name="from_code",
        )
        x = dense(code).reshape(-1, self.start_width, *self.size).transpose(0, 2, 3, 1)  # published: channel-major
        for level, width in enumerate(self.widths):
            x = ConvTranspose(width, 4, dtype=self.dtype, name=f"up_{level}")(x)
            norm = RandomScaleBatchNorm(self.norm_momentum, dtype=self.dtype, name=f"up_norm_{level}")
            x = nn.relu(norm(x, train))
        return x


class ImageDecoder(nn.Module):
    """The layers of a `FeatureDecoder`, then a reflect-padded 5x5 convolution to RGB.

    At the published sizes, 256 px faces, 20,592,643 parameters for skin and for hair, 14,643,907 for the mouth and
    4,397,251 for an eye.

    Attributes:
      size: height and width of the smallest map.
      start_width: channels of the smallest map.
      widths: channels after each doubling.
      use_bias: whether the dense layer has one.
      norm_momentum: what batch norm keeps of its running statistics in a step.
      dtype: type of the computation; images are float32.
    """

    size: tuple[int, int]
    start_width: int
    widths: tuple[int, ...]
    use_bias: bool
    norm_momentum: float = 0.1
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, code: Float[Array, "b z"], train: bool = False) -> Float[Array, "b h w 3"]:
        """Decode images of the part in [-1, 1] from codes; `train` uses the batch's statistics."""
        x = FeatureDecoder(
            self.size, self.start_width, self.widths, self.use_bias, self.norm_momentum, self.dtype, name="features"
        )(code, train)
        head = Conv(3, 5, padding=2, pad_mode="reflect", dtype=self.dtype, name="head")
        return jnp.tanh(at_least_float32(head(x)))
