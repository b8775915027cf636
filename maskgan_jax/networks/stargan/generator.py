"""G: a photo with the attributes that labels say (StarGAN, appendix, Table 4)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv, ConvTranspose, pytorch_init, pytorch_transposed_init
from maskgan_jax.networks.normalisation import InstanceNorm
from maskgan_jax.networks.precision import at_least_float32


class AttributeGenerator(nn.Module):
    """Halvings, residual blocks and doublings of a photo together with a plane of each label.

    At the default sizes 8,417,984 parameters with one label and 8,430,528 with five. Every convolution is without bias
    and padded by zeros: instance norm would remove label planes that went on beyond the border.

    Attributes:
      widths: channels at full, half, quarter ... size.
      residual_blocks: blocks at the smallest size.
      dtype: type of the computation; images are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256)
    residual_blocks: int = 6
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], labels: Float[Array, "b n"]) -> Float[Array, "b h w 3"]:
        """Generate images in [-1, 1] from images in [-1, 1] and labels, 1 where an attribute is wanted, else 0."""
        planes = jnp.broadcast_to(labels[:, None, None], (*image.shape[:3], labels.shape[1]))
        x = jnp.concatenate([image, planes.astype(image.dtype)], axis=-1)
        x = self._normalise(self._conv(self.widths[0], 7, "stem")(x), "stem_norm")
        for level, width in enumerate(self.widths[1:]):
            x = self._normalise(self._conv(width, 4, f"down_{level}", strides=2)(x), f"down_norm_{level}")
        for block in range(self.residual_blocks):
            x = ResidualBlock(self.dtype, name=f"residual_{block}")(x)
        for level, width in enumerate(self.widths[-2::-1]):
            up = ConvTranspose(width, 4, pytorch_transposed_init, False, self.dtype, name=f"up_{level}")
            x = self._normalise(up(x), f"up_norm_{level}")
        return jnp.tanh(at_least_float32(self._conv(3, 7, "head")(x)))

    def _conv(self, width: int, kernel_size: int, name: str, strides: int = 1) -> Conv:
        padding = (kernel_size - 1) // 2
        return Conv(
            width, kernel_size, strides, padding, kernel_init=pytorch_init, use_bias=False, dtype=self.dtype, name=name
        )

    def _normalise(self, x: Array, name: str) -> Array:
        return nn.relu(InstanceNorm(name=name)(x))


class ResidualBlock(nn.Module):
    """Two zero-padded 3x3 convolutions without bias, each normalised, ReLU after the first; then the skip sum."""

    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w k"]) -> Float[Array, "b h w k"]:
        y = x
        for layer in range(2):
            y = Conv(
                x.shape[-1], 3, padding=1, kernel_init=pytorch_init, use_bias=False, dtype=self.dtype,
                name=f"conv_{layer}",
            )(y)  # fmt: skip
            y = InstanceNorm(name=f"norm_{layer}")(y)
            if layer == 0:
                y = nn.relu(y)
        return x + y
