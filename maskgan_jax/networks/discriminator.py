"""D_1,2: two PatchGANs on a photo together with its mask, the second at half the size (paper, Sec. 3.4)."""

from functools import partial
from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import RandomScaleBatchNorm
from maskgan_jax.networks.layers import Conv, average_pool, leaky_relu, xavier_init
from maskgan_jax.networks.normalisation import instance_norm
from maskgan_jax.networks.precision import at_least_float32
from maskgan_jax.networks.spectral_norm import SpectralConv

Norm = Literal["instance", "batch", "spectral_instance"]

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
    norm: Norm = "instance"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> list[Array]:
        is_spectral, maps = self.norm == "spectral_instance", []
        begun = {"kernel_init": xavier_init, "initial_bias": nn.initializers.zeros} if is_spectral else {}
        conv = partial(Conv, kernel_size=4, padding=2, dtype=self.dtype, **begun)
        spectral_conv = partial(SpectralConv, kernel_size=4, padding=2, use_bias=False, dtype=self.dtype)
        for layer, width in enumerate(self.widths):
            strides, name = 1 if layer == len(self.widths) - 1 else 2, f"conv_{layer}"
            if layer and is_spectral:
                x = spectral_conv(width, strides=strides, name=name)(x, train)
            else:
                x = conv(width, strides=strides, name=name)(x)
            if layer and self.norm == "batch":
                x = RandomScaleBatchNorm(dtype=self.dtype, name=f"norm_{layer}")(x, train)
            elif layer:
                x = instance_norm(x)
            x = leaky_relu(x)
            maps.append(x)
        logits = conv(1, name=f"conv_{len(self.widths)}")(x)
        return [*maps, at_least_float32(logits)]


class MultiScaleDiscriminator(nn.Module):
    """D_1,2; 5,568,386 parameters as published, 5,566,594 as SPADE's.

    Attributes:
      widths: channels of each PatchGAN's layers before the logits.
      scales: number of PatchGANs; the input of each after the first is halved once more.
      norm: `instance` norm without parameters; `batch` norm as in mask-guided portrait editing (Gu et al., 2019,
        published code); or `spectral_instance`: instance norm after convolutions with spectral norm and without bias,
        and initial weights as in SPADE (Park et al., 2019, published code).
      dtype: type of the computation.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    scales: int = 2
    norm: Norm = "instance"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, mask_t: Float[Array, "b h w k"], image: Float[Array, "b h w 3"], train: bool = False
    ) -> FeatureMaps:
        """Compute the feature maps of every scale from one-hot masks and images in [-1, 1].

        With batch norm `train` uses the batch's statistics, with spectral norm it moves singular vectors; instance
        norm takes no notice of it.
        """
        x = jnp.concatenate([mask_t, image], axis=-1).astype(self.dtype)
        maps = []
        for scale in range(self.scales):
            if scale:
                x = average_pool(x)
            maps.append(PatchDiscriminator(self.widths, self.norm, self.dtype, name=f"scale_{scale}")(x, train))
        return maps
