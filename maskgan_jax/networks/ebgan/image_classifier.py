"""D and C: logits of a whole image, of its being real or of its attributes (EBGAN paper, Sec. 3.2 and 3.3)."""

from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.layers import Conv, bias_init, leaky_relu, pytorch_init
from maskgan_jax.networks.normalisation import instance_norm
from maskgan_jax.networks.precision import at_least_float32

Norm = Literal["spectral", "instance", "none"]


class ImageClassifier(nn.Module):
    """4x4 convolutions of stride 2 with leaky ReLU, then a dense layer.

    At the default widths, of images of 256 px, 27,940,801 parameters with one logit and 28,055,496 with eight.

    Attributes:
      logits: how many.
      widths: channels after each halving.
      norm: `spectral` divides every kernel by its largest singular value (Miyato et al., ICLR 2018), `instance` norm
        without parameters follows every convolution but the first, or `none`.
      dtype: type of the computation; logits are float32.
    """

    logits: int = 1
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024)
    norm: Norm = "none"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], train: bool = False) -> Float[Array, "b k"]:
        """Compute logits of images in [-1, 1]; `train` moves the estimates of singular values."""
        x = image
        for level, width in enumerate(self.widths):
            x = self._apply(Conv(width, 4, 2, 1, dtype=self.dtype, name=f"conv_{level}"), x, train)
            if level and self.norm == "instance":
                x = instance_norm(x)
            x = leaky_relu(x)
        flat = x.reshape(x.shape[0], -1)
        biases = bias_init(flat.shape[-1])
        dense = nn.Dense(self.logits, dtype=self.dtype, kernel_init=pytorch_init, bias_init=biases, name="head")
        return at_least_float32(self._apply(dense, flat, train))

    def _apply(self, layer: nn.Module, x: Array, train: bool) -> Array:
        if self.norm != "spectral":
            return layer(x)
        return nn.SpectralNorm(layer, param_dtype=float, name=f"{layer.name}_norm")(x, update_stats=train)
