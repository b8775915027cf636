"""One halving and one doubling: a 4x4 convolution with batch norm, or a gated one without."""

from typing import Literal

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.layers import Conv, ConvTranspose, leaky_relu

Convolution = Literal["plain", "gated"]
"""A gated convolution weighs each entry of its result by the sigmoid of another (Yu et al., ICCV 2019, Eq. 3)."""


class Halving(nn.Module):
    """A convolution to half the size, batch norm and leaky ReLU.

    Attributes:
      features: output channels.
      convolution: `plain`, or `gated` without norm.
      is_activated: whether the leaky ReLU follows.
      dtype: type of the computation.
    """

    features: int
    convolution: Convolution = "plain"
    is_activated: bool = True
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> Float[Array, "b h//2 w//2 o"]:
        if self.convolution == "gated":
            y, gate = jnp.split(Conv(2 * self.features, 4, 2, 1, dtype=self.dtype, name="conv")(x), 2, axis=-1)
            return leaky_relu(y) * jax.nn.sigmoid(gate)
        y = Conv(self.features, 4, 2, 1, dtype=self.dtype, name="conv")(x)
        y = BatchNorm(dtype=self.dtype, name="norm")(y, train)
        return leaky_relu(y) if self.is_activated else y


class Doubling(nn.Module):
    """A transposed convolution to twice the size, batch norm and ReLU.

    Attributes:
      features: output channels.
      convolution: `plain`, or `gated` without norm.
      dtype: type of the computation.
    """

    features: int
    convolution: Convolution = "plain"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> Float[Array, "b 2*h 2*w o"]:
        if self.convolution == "gated":
            y, gate = jnp.split(ConvTranspose(2 * self.features, 4, dtype=self.dtype, name="conv")(x), 2, axis=-1)
            return nn.relu(y) * jax.nn.sigmoid(gate)
        y = ConvTranspose(self.features, 4, dtype=self.dtype, name="conv")(x)
        return nn.relu(BatchNorm(dtype=self.dtype, name="norm")(y, train))
