"""ResNet-18 without its head (He et al., CVPR 2016, Table 1; layer by layer as in torchvision's `resnet18`)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.imagenet import normalise
from maskgan_jax.networks.layers import Conv
from maskgan_jax.networks.precision import at_least_float32

kernel_init = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
"""Initial weights of the convolutions (torchvision)."""

BLOCKS_OF_A_STAGE = 2


class ResNet18(nn.Module):
    """Photos to the averages of the last feature maps; 11,176,512 parameters as published.

    Attributes:
      widths: channels of each stage; every stage but the first halves the size.
      dtype: type of the computation; the features are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], train: bool = False) -> Float[Array, "b k"]:
        """Compute features of images in [-1, 1]; `train` uses batch statistics."""
        x = Conv(self.widths[0], 7, 2, 3, kernel_init=kernel_init, use_bias=False, dtype=self.dtype, name="stem")(
            normalise(image)
        )
        x = nn.relu(BatchNorm(dtype=self.dtype, name="stem_norm")(x, train))
        x = nn.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for stage, width in enumerate(self.widths):
            for block in range(BLOCKS_OF_A_STAGE):
                strides = 2 if stage and not block else 1
                x = BasicBlock(width, strides, self.dtype, name=f"stage_{stage}_block_{block}")(x, train)
        return at_least_float32(x).mean((1, 2))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each with batch norm, ReLU after the first; the skip sum; ReLU.

    Attributes:
      features: output channels.
      strides: of the first convolution; unless it is 1, the skip is a 1x1 convolution with batch norm.
      dtype: type of the computation.
    """

    features: int
    strides: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> Float[Array, "b H W o"]:
        def convolve(name: str, size: int, strides: int, x: Array) -> Array:
            options = {"kernel_init": kernel_init, "use_bias": False, "dtype": self.dtype}
            y = Conv(self.features, size, strides, size // 2, **options, name=name)(x)
            return BatchNorm(dtype=self.dtype, name=f"{name}_norm")(y, train)

        y = nn.relu(convolve("conv_0", 3, self.strides, x))
        y = convolve("conv_1", 3, 1, y)
        return nn.relu(y + (x if self.strides == 1 else convolve("skip", 1, self.strides, x)))
