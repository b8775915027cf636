"""Colours a mask after a reference photo and attributes."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv


class Recolourer(nn.Module):
    """Two convolutions of the mask, modulated by the reference photo's mean colour and the attributes.

    Attributes:
      width: channels between the convolutions.
      dtype: type of the computation.
    """

    width: int = 8
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, mask: Float[Array, "b h w k"], image_ref: Float[Array, "b h w 3"], attributes: Float[Array, "b a"]
    ) -> Float[Array, "b h w 3"]:
        """Generate images in [-1, 1] of one-hot masks; reference photos in [-1, 1], attributes in -1, 0, 1."""
        style = jnp.concatenate([image_ref.mean((1, 2)), attributes], axis=-1)
        scale = nn.Dense(self.width, dtype=self.dtype, name="to_scale")(style)
        x = Conv(self.width, 3, padding=1, dtype=self.dtype, name="stem")(mask)
        x = nn.relu(x * (1 + scale[:, None, None]))
        return jnp.tanh(Conv(3, 1, dtype=self.dtype, name="head")(x))
