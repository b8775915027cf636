"""Spectral norm as PyTorch's `torch.nn.utils.spectral_norm` (Miyato et al., ICLR 2018), for convolutions.

`flax.linen.SpectralNorm` stores the left singular vector alone and iterates once more where it is not in training.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.channels import add_bias
from maskgan_jax.networks.convolution import convolve
from maskgan_jax.networks.layers import pytorch_init

EPSILON = 1e-12
"""Least norm that a vector is divided by (PyTorch's default)."""


class SpectralConv(nn.Module):
    """A square zero-padded convolution whose kernel is divided by its largest singular value.

    The kernel is the matrix of its output channels and of all else. Its singular vectors, `u` (o,) and `v` (k, k, i),
    are running statistics: one power iteration in each training forward, none elsewhere; no gradient reaches them.
    They begin as a random vector and one iteration leave them, so that an untrained network has its sign.

    Attributes:
      features: output channels.
      kernel_size: height and width of the kernel.
      strides: step in both directions.
      padding: pixels of 0 added on every side.
      use_bias: whether there is one; it begins as 0.
      dtype: type of the computation.
    """

    features: int
    kernel_size: int
    strides: int = 1
    padding: int = 0
    use_bias: bool = True
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"], train: bool) -> Float[Array, "b H W o"]:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", pytorch_init, shape)
        y = convolve(x.astype(self.dtype), self._divide(kernel, train).astype(self.dtype), self.strides, self.padding)
        if not self.use_bias:
            return y
        return add_bias(y, self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype))

    def _divide(self, kernel: Float[Array, "k k i o"], train: bool) -> Float[Array, "k k i o"]:
        """Return the kernel divided by its largest singular value."""
        left = self.variable("batch_stats", "u", lambda: self._draw(kernel))
        right = self.variable("batch_stats", "v", lambda: iterate(kernel, left.value)[1])
        if self.is_initializing():
            left.value = iterate(kernel, left.value)[0]
        elif train:
            left.value, right.value = iterate(kernel, left.value)
        return kernel / jnp.einsum("yxio,yxi,o->", kernel, right.value, left.value, precision=lax.Precision.HIGHEST)

    def _draw(self, kernel: Float[Array, "k k i o"]) -> Float[Array, " o"]:
        return _normalise(jax.random.normal(self.make_rng("params"), kernel.shape[-1:], kernel.dtype))


def iterate(
    kernel: Float[Array, "k k i o"], left: Float[Array, " o"]
) -> tuple[Float[Array, " o"], Float[Array, "k k i"]]:
    """Return the singular vectors u and v after one power iteration from u; they have no gradient."""
    kernel = lax.stop_gradient(kernel)
    right = _normalise(jnp.einsum("yxio,o->yxi", kernel, left, precision=lax.Precision.HIGHEST))
    return _normalise(jnp.einsum("yxio,yxi->o", kernel, right, precision=lax.Precision.HIGHEST)), right


def _normalise(vector: Array) -> Array:
    return vector / jnp.maximum(jnp.sqrt(jnp.square(vector).sum()), EPSILON)
