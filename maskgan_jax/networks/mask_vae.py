"""MaskVAE: the latent space of face masks in which edits are simulated (paper, Sec. 3.2 and Fig. 10)."""

import math

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.layers import Conv, UpsampleConv, leaky_relu, pytorch_init
from maskgan_jax.networks.precision import at_least_float32


class MaskVAE(nn.Module):
    """Encoder and decoder of masks; 170,619,571 parameters as published at 512 px.

    Attributes:
      size: height and width of the masks; 4 * 2 ** len(widths).
      num_classes: channels of the one-hot masks.
      widths: channels after each halving of the encoder; the decoder has them in reverse.
      latent_size: entries of the latent code.
      dtype: type of the computation; codes and logits are float32.
    """

    size: int = 512
    num_classes: int = 19
    widths: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 2048)
    latent_size: int = 1024
    dtype: DTypeLike = jnp.float32

    def setup(self):
        if self.size != 4 * 2 ** len(self.widths):
            raise ValueError(f"MaskVAE: {self.size} px needs {math.log2(self.size / 4):g} widths, not {self.widths}")
        convolution = {"kernel_init": pytorch_init, "dtype": self.dtype}
        self.down = [Conv(width, 4, strides=2, padding=1, **convolution) for width in self.widths]
        self.down_norm = [self._batch_norm(1e-5) for _ in self.widths]
        self.to_mean = nn.Dense(self.latent_size, kernel_init=pytorch_init, dtype=self.dtype)
        self.to_log_variance = nn.Dense(self.latent_size, kernel_init=pytorch_init, dtype=self.dtype)
        self.from_code = nn.Dense(16 * self.widths[-1], kernel_init=pytorch_init, dtype=self.dtype)
        up_widths = (*reversed(self.widths[:-1]), self.num_classes)
        self.up = [UpsampleConv(width, **convolution) for width in up_widths]
        self.up_norm = [self._batch_norm(1e-3) for _ in up_widths[:-1]]

    def _batch_norm(self, epsilon: float) -> BatchNorm:
        return BatchNorm(epsilon=epsilon, dtype=self.dtype)

    def encode(
        self, mask: Float[Array, "b h w k"], train: bool = False
    ) -> tuple[Float[Array, "b z"], Float[Array, "b z"]]:
        """Return mean and log-variance of the codes of one-hot masks, float32; `train` uses the batch's statistics."""
        x = mask
        for conv, norm in zip(self.down, self.down_norm, strict=True):
            x = leaky_relu(norm(conv(x), train))
        flat = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)  # channel-major, as the published weights have it
        return at_least_float32(self.to_mean(flat)), at_least_float32(self.to_log_variance(flat))

    def decode(self, z: Float[Array, "b z"], train: bool = False) -> Float[Array, "b h w k"]:
        """Return the logits of the mask of each code, float32; `train` uses the batch's statistics."""
        x = nn.relu(self.from_code(z)).reshape(z.shape[0], self.widths[-1], 4, 4).transpose(0, 2, 3, 1)
        for conv, norm in zip(self.up, self.up_norm, strict=False):
            x = leaky_relu(norm(conv(x), train))
        return at_least_float32(self.up[-1](x))

    def __call__(
        self, mask: Float[Array, "b h w k"], noise: Float[Array, "b z"], train: bool = False
    ) -> tuple[Float[Array, "b h w k"], Float[Array, "b z"], Float[Array, "b z"]]:
        """Return the logits of masks decoded from codes sampled with standard-normal `noise`; mean and log-variance."""
        mean, log_variance = self.encode(mask, train)
        return self.decode(mean + jnp.exp(0.5 * log_variance) * noise, train), mean, log_variance
