"""Face parser: the U-Net that labels a photo's pixels (published code, `face_parsing`)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.channels import add_bias
from maskgan_jax.networks.layers import Conv, bias_init, max_pool
from maskgan_jax.networks.precision import at_least_float32

he_init = nn.initializers.he_normal()
"""Initial weights of the convolutions, chosen here: under batch norm the others' normal(0, 0.02) trains slower."""


class FaceParser(nn.Module):
    """U-Net from photos to logits of the classes; 1,944,355 parameters as published.

    Level 0 is the full size: `down_0` and `up_0` work there, `center` at the smallest size.

    Attributes:
      num_classes: classes of the masks.
      widths: channels of each level, full size first; every level but the first halves the size.
      dtype: type of the computation; logits are float32.
    """

    num_classes: int = 19
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], train: bool = False) -> Float[Array, "b h w k"]:
        """Compute logits of images in [-1, 1], sides divisible by 2 ** (levels - 1); `train` uses batch statistics."""
        x, skips = image, []
        for level, width in enumerate(self.widths[:-1]):
            x = DoubleConv(width, self.dtype, name=f"down_{level}")(x, train)
            skips.append(x)
            x = max_pool(x)
        x = DoubleConv(self.widths[-1], self.dtype, name="center")(x, train)
        for level in reversed(range(len(skips))):
            x = UpConcat(self.widths[level], self.dtype, name=f"up_{level}")(skips[level], x, train)
        return at_least_float32(Conv(self.num_classes, 1, kernel_init=he_init, dtype=self.dtype, name="head")(x))


class DoubleConv(nn.Module):
    """Two times a 3x3 convolution, batch norm and ReLU."""

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> Float[Array, "b h w o"]:
        for layer in range(2):
            x = Conv(self.features, 3, padding=1, kernel_init=he_init, dtype=self.dtype, name=f"conv_{layer}")(x)
            x = nn.relu(BatchNorm(dtype=self.dtype, name=f"norm_{layer}")(x, train))
        return x


class UpConcat(nn.Module):
    """Upsample, concatenate with the skip, which comes first, and apply a `DoubleConv`."""

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, skip: Float[Array, "b H W o"], x: Float[Array, "b h w i"], train: bool
    ) -> Float[Array, "b H W o"]:
        x = UpConv(self.features, self.dtype, name="up")(x)
        return DoubleConv(self.features, self.dtype, name="convs")(jnp.concatenate([skip, x], axis=-1), train)


class UpConv(nn.Module):
    """A transposed 2x2 convolution of stride 2.

    No two taps contribute to one pixel, so it is one matrix product to four times the channels, then a rearrangement:
    on a CPU, forward and backward, 4 times (32 to 16 channels at 256 px) to 17 times (256 to 128 channels at 32 px)
    faster than `lax.conv_transpose`.

    The kernel is HWIO with PyTorch's orientation: entry (y, x) of `ConvTranspose2d`'s weight is entry (y, x) here.
    """

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b 2*h 2*w o"]:
        b, h, w, i = x.shape
        kernel = self.param("kernel", he_init, (2, 2, i, self.features)).astype(self.dtype)
        bias = self.param("bias", bias_init(4 * self.features), (self.features,)).astype(self.dtype)
        y = jnp.einsum("bhwi,pqio->bhpwqo", x.astype(self.dtype), kernel)
        return add_bias(y.reshape(b, 2 * h, 2 * w, self.features), bias)
