"""The generator: a face with the layout of a mask, the features of parts and the background of a photo.

Gu et al., CVPR 2019, Sec. 3.2 and 3.3, layer by layer as in the published code.
"""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Integer

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, ConvTranspose, LabelConv
from maskgan_jax.networks.precision import at_least_float32


class PortraitGenerator(nn.Module):
    """E_m, G_m, E_b and G_b; 12,111,811 parameters as published, for 11 classes.

    Attributes:
      num_classes: of the label maps.
      mask_widths: channels of the mask encoder at full, half, quarter ... size.
      body_width: channels of the residual blocks.
      residual_blocks: blocks at the smallest size.
      up_widths: channels of the foreground decoder after each doubling, as many as the mask encoder has halvings.
      background_width: channels of the background encoder, and of the hidden layer that fuses its map with the
        foreground.
      dtype: type of the computation; images are float32.
    """

    num_classes: int
    mask_widths: tuple[int, ...] = (64, 128, 256)
    body_width: int = 256
    residual_blocks: int = 9
    up_widths: tuple[int, ...] = (128, 64)
    background_width: int = 64
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self,
        mask: Integer[Array, "b h w"],
        features: Float[Array, "b y x f"],
        background: Float[Array, "b h w 3"],
        is_background: Bool[Array, "b h w"] | Float[Array, "b h w"],
        train: bool = False,
    ) -> Float[Array, "b h w 3"]:
        """Generate images in [-1, 1] of label maps.

        Args:
          mask: label maps of the target.
          features: the parts' features at the mask encoder's smallest size, a fourth of the image at the published
            widths; imported weights expect left eye, right eye, skin, hair, mouth in this order.
          background: the target photo in [-1, 1], 0 wherever it is not background.
          is_background: 1 where it is. The encoder's map is multiplied by it, because a 7x7 kernel and its batch norm
            make the blanked pixels non-zero again.
          train: whether batch norm uses the batch's statistics.
        """
        layout = MaskEncoder(self.num_classes, self.mask_widths, self.dtype, name="mask_encoder")(mask, train)
        foreground = ForegroundDecoder(
            self.body_width, self.residual_blocks, self.up_widths, self.dtype, name="foreground_decoder"
        )(jnp.concatenate([layout, features.astype(self.dtype)], axis=-1), train)
        behind = BackgroundEncoder(self.background_width, self.dtype, name="background_encoder")(background, train)
        behind = behind * is_background[..., None].astype(self.dtype)
        return BackgroundDecoder(self.background_width, self.dtype, name="background_decoder")(
            jnp.concatenate([foreground, behind], axis=-1)
        )


class MaskEncoder(nn.Module):
    """E_m: c7s1 of the label map to widths[0], stride-2 3x3 convolutions to widths[1:]; 404,480 parameters."""

    num_classes: int
    widths: tuple[int, ...]
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, mask: Integer[Array, "b h w"], train: bool) -> Float[Array, "b y x o"]:
        x = LabelConv(self.num_classes, self.widths[0], 7, dtype=self.dtype, name="stem")(mask)
        x = nn.relu(RandomScaleBatchNorm(dtype=self.dtype, name="stem_norm")(x, train))
        for level, width in enumerate(self.widths[1:]):
            x = Conv(width, 3, strides=2, padding=1, dtype=self.dtype, name=f"down_{level}")(x)
            x = nn.relu(RandomScaleBatchNorm(dtype=self.dtype, name=f"down_norm_{level}")(x, train))
        return x


class ForegroundDecoder(nn.Module):
    """G_m: a bare 1x1 convolution, residual blocks, transposed 4x4 convolutions; 11,680,064 parameters."""

    body_width: int
    residual_blocks: int
    up_widths: tuple[int, ...]
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b y x i"], train: bool) -> Float[Array, "b h w o"]:
        x = Conv(self.body_width, 1, dtype=self.dtype, name="fuse")(x)
        for block in range(self.residual_blocks):
            x = NormedResidualBlock(self.dtype, name=f"residual_{block}")(x, train)
        for level, width in enumerate(self.up_widths):
            x = ConvTranspose(width, 4, dtype=self.dtype, name=f"up_{level}")(x)
            x = nn.relu(RandomScaleBatchNorm(dtype=self.dtype, name=f"up_norm_{level}")(x, train))
        return x


class NormedResidualBlock(nn.Module):
    """Two reflect-padded 3x3 convolutions, each with batch norm, ReLU after the first; then the skip sum."""

    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w k"], train: bool) -> Float[Array, "b h w k"]:
        y = x
        for layer in range(2):
            y = Conv(x.shape[-1], 3, padding=1, pad_mode="reflect", dtype=self.dtype, name=f"conv_{layer}")(y)
            y = RandomScaleBatchNorm(dtype=self.dtype, name=f"norm_{layer}")(y, train)
            if layer == 0:
                y = nn.relu(y)
        return x + y


class BackgroundEncoder(nn.Module):
    """E_b: c7s1 of a photo, at full size; 9,600 parameters."""

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], train: bool) -> Float[Array, "b h w o"]:
        x = Conv(self.features, 7, padding=3, pad_mode="reflect", dtype=self.dtype, name="stem")(image)
        return nn.relu(RandomScaleBatchNorm(dtype=self.dtype, name="stem_norm")(x, train))


class BackgroundDecoder(nn.Module):
    """G_b: a bare 1x1 convolution of foreground and background maps, c7s1 to an image; 17,667 parameters."""

    features: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b h w 3"]:
        x = Conv(self.features, 1, dtype=self.dtype, name="fuse")(x)
        head = Conv(3, 7, padding=3, pad_mode="reflect", dtype=self.dtype, name="head")
        return jnp.tanh(at_least_float32(head(x)))
