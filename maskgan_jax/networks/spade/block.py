"""SPADE, the spatially-adaptive norm, and the residual block that is made of it (SPADE, Sec. 3 and appendix)."""

from functools import partial

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.layers import Conv, LabelConv, leaky_relu, xavier_init
from maskgan_jax.networks.spectral_norm import SpectralConv


class SpadeNorm(nn.Module):
    """Batch norm without scale or shift, times 1 + gamma(mask), plus beta(mask).

    Attributes:
      num_classes: of the label maps.
      hidden_width: channels that gamma and beta are computed from.
      dtype: type of the computation.
    """

    num_classes: int = 19
    hidden_width: int = 128
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"], mask: Integer[Array, "b h w"], train: bool) -> Array:
        """Normalise maps by label maps of their size; `train` uses the batch's statistics."""
        options = {"kernel_init": xavier_init, "initial_bias": nn.initializers.zeros, "dtype": self.dtype}
        normalised = BatchNorm(affine=False, dtype=self.dtype, name="batch_norm")(x, train)
        shared = LabelConv(self.num_classes, self.hidden_width, 3, pad_mode="zero", name="shared", **options)(mask)
        hidden = nn.relu(shared)
        gamma, beta = (Conv(x.shape[-1], 3, padding=1, name=name, **options)(hidden) for name in ("gamma", "beta"))
        return normalised * (1 + gamma) + beta


class SpadeBlock(nn.Module):
    """SPADE, leaky ReLU and a 3x3 convolution, twice; the skip has a SPADE and a 1x1 where the width changes.

    Attributes:
      features: output channels; between the convolutions there are the fewer of input and output.
      num_classes: of the label maps.
      hidden_width: of the norms.
      dtype: type of the computation.
    """

    features: int
    num_classes: int = 19
    hidden_width: int = 128
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], mask: Integer[Array, "b m n"], train: bool) -> Array:
        """Return maps (b h w o); the mask, a multiple of their size, is shrunk to it by nearest neighbour."""
        mask = mask[:, :: mask.shape[1] // x.shape[1], :: mask.shape[2] // x.shape[2]]
        norm = partial(SpadeNorm, self.num_classes, self.hidden_width, self.dtype)
        middle = min(x.shape[-1], self.features)
        y = leaky_relu(norm(name="norm_0")(x, mask, train))
        y = SpectralConv(middle, 3, padding=1, dtype=self.dtype, name="conv_0")(y, train)
        y = leaky_relu(norm(name="norm_1")(y, mask, train))
        y = SpectralConv(self.features, 3, padding=1, dtype=self.dtype, name="conv_1")(y, train)
        if x.shape[-1] != self.features:
            x = norm(name="norm_skip")(x, mask, train)
            x = SpectralConv(self.features, 1, use_bias=False, dtype=self.dtype, name="conv_skip")(x, train)
        return x + y
