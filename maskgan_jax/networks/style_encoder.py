"""The spatial-aware style encoder: the style of a photo, modulated by the features of its mask (paper, Fig. 11, 12)."""

import functools

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks.layers import Conv, LabelConv, bias_init, normal_init
from maskgan_jax.networks.precision import at_least_float32


class SpatialFeatureTransform(nn.Module):
    """SFT: `x * scale(f) + shift(f)`, each of the two a 1x1, leaky ReLU 0.1, 1x1 of the mask's features f."""

    kernel_init: nn.initializers.Initializer = normal_init
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"], f: Float[Array, "b h w k"]) -> Float[Array, "b h w c"]:
        conv = functools.partial(Conv, kernel_size=1, kernel_init=self.kernel_init, dtype=self.dtype)

        def modulation(name: str) -> Array:
            hidden = jax.nn.leaky_relu(conv(f.shape[-1], name=f"{name}_0")(f), 0.1)
            return conv(x.shape[-1], name=f"{name}_1")(hidden)

        return x * modulation("scale") + modulation("shift")


class SpatialAwareStyleEncoder(nn.Module):
    """Encode photo and mask as a style vector. No normalisation anywhere, because it would remove the style.

    Attributes:
      style_size: entries of the style vector.
      widths: channels at full, half and quarter size, in both branches; also of all deeper layers.
      deep_layers: halvings after the quarter size.
      num_classes: of the label maps.
      uses_mask: whether the mask's features modulate the style; without them it is taken for that of Pix2PixHD-m.
      kernel_init: initial weights of the convolutions.
      dtype: type of the computation; the style itself is float32.
    """

    style_size: int
    widths: tuple[int, ...] = (16, 32, 64)
    deep_layers: int = 3
    num_classes: int = 19
    uses_mask: bool = True
    kernel_init: nn.initializers.Initializer = normal_init
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], mask: Integer[Array, "b h w"]) -> Float[Array, "b s"]:
        conv = functools.partial(Conv, pad_mode="reflect", kernel_init=self.kernel_init, dtype=self.dtype)

        def halve(branch: str, layer: int, width: int, x: Array) -> Array:
            return conv(width, 4, strides=2, padding=1, name=f"{branch}_{layer}")(x)

        shallow = list(enumerate(self.widths[1:], start=1))
        deep = [(len(self.widths) + layer, self.widths[-1]) for layer in range(self.deep_layers)]

        if self.uses_mask:
            label_stem = LabelConv(
                self.num_classes, self.widths[0], 7, self.kernel_init, dtype=self.dtype, name="label_0"
            )
            label = nn.relu(label_stem(mask))
            for layer, width in shallow:
                f1 = halve("label", layer, width, label)
                label = nn.relu(f1)
            for layer, width in deep:
                f2 = halve("label", layer, width, label)
                label = nn.relu(f2)

        style = nn.relu(conv(self.widths[0], 7, padding=3, name="style_0")(image))
        for layer, width in shallow:
            style = nn.relu(halve("style", layer, width, style))
        if self.uses_mask:
            style = SpatialFeatureTransform(self.kernel_init, self.dtype, name="sft_0")(style, f1)
        for layer, width in deep:
            style = nn.relu(halve("style", layer, width, style))
        if self.uses_mask:
            style = SpatialFeatureTransform(self.kernel_init, self.dtype, name="sft_1")(style, f2)

        pooled = at_least_float32(style).mean((1, 2))
        biases = bias_init(pooled.shape[-1])
        return nn.Dense(self.style_size, kernel_init=self.kernel_init, bias_init=biases, name="to_style")(pooled)
