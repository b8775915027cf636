"""D_1,2: two PatchGANs on a photo together with its mask, the second at half the size (paper, Sec. 3.4)."""

from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, average_pool, leaky_relu
from maskgan_jax.networks.normalisation import instance_norm
from maskgan_jax.networks.precision import at_least_float32

FeatureMaps = list[list[Array]]
"""Of each scale, full size first: the map after every layer, the logits last."""


class PatchDiscriminator(nn.Module):
    """One PatchGAN: 4x4 convolutions with zero pad 2, stride 2 but for the last two; normalised but for the ends.

    Attributes:
      widths: channels of the layers before the logits.
      norm: normalisation, see `MultiScaleDiscriminator`.
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    norm: Literal["instance", "batch"] = "instance"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> list[Array]:
        maps = []
        for layer, width in enumerate(self.widths):
            strides = 1 if layer == len(self.widths) - 1 else 2
            x = Conv(width, 4, strides, padding=2, dtype=self.dtype, name=f"conv_{layer}")(x)
            if layer and self.norm == "batch":
                x = RandomScaleBatchNorm(dtype=self.dtype, name=f"norm_{layer}")(x, train)
            elif layer:
                x = instance_norm(x)
            x = leaky_relu(x)
            maps.append(x)
        logits = Conv(1, 4, padding=2, dtype=self.dtype, name=f"conv_{len(self.widths)}")(x)
        return [*maps, at_least_float32(logits)]


class MultiScaleDiscriminator(nn.Module):
    """D_1,2; 5,568,386 parameters as published.

    Attributes:
      widths: channels of each PatchGAN's layers before the logits.
      scales: number of PatchGANs; the input of each after the first is halved once more.
      norm: `instance` norm without parameters, or `batch` norm as in mask-guided portrait editing (Gu et al., 2019,
        published code).
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    scales: int = 2
    norm: Literal["instance", "batch"] = "instance"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, mask_t: Float[Array, "b h w k"], image: Float[Array, "b h w 3"], train: bool = False
    ) -> FeatureMaps:
        """Compute the feature maps of every scale from one-hot masks and images in [-1, 1].

        With batch norm `train` uses the batch's statistics; instance norm takes no notice of it.
        """
        x = jnp.concatenate([mask_t, image], axis=-1).astype(self.dtype)
        maps = []
        for scale in range(self.scales):
            if scale:
                x = average_pool(x)
            maps.append(PatchDiscriminator(self.widths, self.norm, self.dtype, name=f"scale_{scale}")(x, train))
        return maps
