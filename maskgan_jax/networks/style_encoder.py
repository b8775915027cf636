"""The spatial-aware style encoder: what a photo looks like, told region by region by its mask (paper, Fig. 11, 12)."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv, normal_init


class SpatialFeatureTransform(nn.Module):
    """SFT: `x * scale(f) + shift(f)`, each of the two a 1x1, leaky ReLU 0.1, 1x1 over the mask's features f."""

    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"], f: Float[Array, "b h w k"]) -> Float[Array, "b h w c"]:
        def modulation(name: str) -> Array:
            hidden = Conv(f.shape[-1], 1, dtype=self.dtype, name=f"{name}_0")(f)
            return Conv(x.shape[-1], 1, dtype=self.dtype, name=f"{name}_1")(jax.nn.leaky_relu(hidden, 0.1))

        return x * modulation("scale") + modulation("shift")


class SpatialAwareStyleEncoder(nn.Module):
    """Photo and mask to the style vector. No normalisation anywhere: it would wash the style out.

    Attributes:
      style_size: entries of the style vector.
      widths: channels at full, half and quarter size, in both branches; the last is kept further down.
      deep_layers: halvings after the quarter size.
      dtype: type of the computation; the style itself is float32.
    """

    style_size: int
    widths: tuple[int, ...] = (16, 32, 64)
    deep_layers: int = 3
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], mask: Float[Array, "b h w k"]) -> Float[Array, "b s"]:
        def stem(branch: str, x: Array) -> Array:
            conv = Conv(self.widths[0], 7, padding=3, pad_mode="reflect", dtype=self.dtype, name=f"{branch}_0")
            return nn.relu(conv(x))

        def halve(branch: str, layer: int, width: int, x: Array) -> Array:
            name = f"{branch}_{layer}"
            return Conv(width, 4, strides=2, padding=1, pad_mode="reflect", dtype=self.dtype, name=name)(x)

        shallow = list(enumerate(self.widths[1:], start=1))
        deep = [(len(self.widths) + layer, self.widths[-1]) for layer in range(self.deep_layers)]

        label = stem("label", mask)
        for layer, width in shallow:
            f1 = halve("label", layer, width, label)
            label = nn.relu(f1)
        for layer, width in deep:
            f2 = halve("label", layer, width, label)
            label = nn.relu(f2)

        style = stem("style", image)
        for layer, width in shallow:
            style = nn.relu(halve("style", layer, width, style))
        style = SpatialFeatureTransform(self.dtype, name="sft_0")(style, f1)
        for layer, width in deep:
            style = nn.relu(halve("style", layer, width, style))
        style = SpatialFeatureTransform(self.dtype, name="sft_1")(style, f2)

        pooled = style.astype(jnp.float32).mean((1, 2))
        return nn.Dense(self.style_size, kernel_init=normal_init, name="to_style")(pooled)
