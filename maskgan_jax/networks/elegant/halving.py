"""The layer of encoder and discriminators: a convolution to half the size, norm, leaky ReLU."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv, leaky_relu
from maskgan_jax.networks.normalisation import UnitLengthNorm


class Halving(nn.Module):
    """A 3x3 convolution of stride 2, the norm of each pixel's channels and leaky ReLU.

    Attributes:
      features: output channels.
      dtype: type of the computation.
    """

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        return leaky_relu(UnitLengthNorm(name="norm")(Conv(self.features, 3, 2, 1, dtype=self.dtype, name="conv")(x)))
