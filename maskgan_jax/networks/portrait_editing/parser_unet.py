"""P_F: the U-Net whose labels the parsing loss compares with the mask (Gu et al., CVPR 2019, Sec. 3.4)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, ConvTranspose, leaky_relu
from maskgan_jax.networks.precision import at_least_float32


class ParserUNet(nn.Module):
    """pix2pix's U-Net from photos to logits of the classes; 29,260,427 parameters as published, for 11 classes.

    The published network applies tanh and softmax to what is returned here, and its loss takes those probabilities for
    logits, which leaves no more than a narrow range to it. Both keep the order of the classes, so published weights
    give the published labels; true logits can express confidence. In training the published network also drops half
    of one level's features, and counts a border that it then cuts away into the batch's statistics; here neither.

    Attributes:
      num_classes: classes of the masks.
      widths: channels after each halving.
      dtype: type of the computation; logits are float32.
    """

    num_classes: int
    widths: tuple[int, ...] = (64, 128, 256, 512, 512, 512)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], train: bool = False) -> Float[Array, "b h w k"]:
        """Compute logits of images in [-1, 1], sides divisible by 2 ** len(widths); `train` uses batch statistics."""
        maps, last = [], len(self.widths) - 1
        for level, width in enumerate(self.widths):
            x = leaky_relu(maps[-1]) if level else image
            x = Conv(width, 4, strides=2, padding=1, use_bias=False, dtype=self.dtype, name=f"down_{level}")(x)
            if 0 < level < last:
                x = RandomScaleBatchNorm(dtype=self.dtype, name=f"down_norm_{level}")(x, train)
            maps.append(x)
        x = maps.pop()
        for level in range(last, 0, -1):
            up = ConvTranspose(self.widths[level - 1], 4, use_bias=False, dtype=self.dtype, name=f"up_{level}")
            x = RandomScaleBatchNorm(dtype=self.dtype, name=f"up_norm_{level}")(up(nn.relu(x)), train)
            x = jnp.concatenate([maps.pop(), x], axis=-1)
        head = ConvTranspose(self.num_classes, 4, dtype=self.dtype, name="up_0")
        return at_least_float32(head(nn.relu(x)))
