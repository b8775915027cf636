"""E_local: a face part to its code (Gu et al., CVPR 2019, Sec. 3.1)."""

import math

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, bias_init, pytorch_init
from maskgan_jax.networks.precision import at_least_float32


class PartEncoder(nn.Module):
    """Halvings with batch norm, then two dense heads: the mean of the code's distribution and its log-variance.

    At the published sizes, 256 px faces, 20,591,936 parameters for skin and for hair, 50,996,032 for the mouth and
    10,101,568 for an eye.

    Attributes:
      widths: channels after each halving.
      code_size: entries of the code.
      head_width: entries of the hidden layer of each head.
      norm_momentum: what batch norm keeps of its running statistics in a step.
      dtype: type of the computation; mean and log-variance are float32.
    """

    widths: tuple[int, ...]
    code_size: int = 512
    head_width: int = 1024
    norm_momentum: float = 0.1
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, part: Float[Array, "b h w 3"], train: bool = False
    ) -> tuple[Float[Array, "b z"], Float[Array, "b z"]]:
        """Encode images of one part in [-1, 1], all of one size; `train` uses the batch's statistics."""
        x = part
        for level, width in enumerate(self.widths):
            x = Conv(width, 4, strides=2, padding=1, dtype=self.dtype, name=f"down_{level}")(x)
            norm = RandomScaleBatchNorm(self.norm_momentum, dtype=self.dtype, name=f"down_norm_{level}")
            x = nn.relu(norm(x, train))
        flat = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)  # channel-major, as the published weights have it
        return tuple(self._head(flat, name) for name in ("mean", "log_variance"))

    def _head(self, flat: Array, name: str) -> Array:
        hidden = nn.relu(self._dense(flat, self.head_width, f"{name}_hidden"))
        return at_least_float32(self._dense(hidden, self.code_size, name))

    def _dense(self, x: Array, features: int, name: str) -> Array:
        biases = bias_init(math.prod(x.shape[1:]))
        return nn.Dense(features, dtype=self.dtype, kernel_init=pytorch_init, bias_init=biases, name=name)(x)
