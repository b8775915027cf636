"""Norms with gradients by hand: instance norm and AdaIN keep the input and two numbers a channel, nothing else, and the
norm of each pixel's channels the input and one number a pixel.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from maskgan_jax.networks.channels import pixel_means
from maskgan_jax.networks.precision import at_least_float32

EPSILON = 1e-5
"""Added to the variance by every instance norm and AdaIN (PyTorch's default)."""

LEAST_LENGTH = 1e-12
"""What the length of a pixel's channels counts as if it is less (PyTorch's default)."""


def instance_norm(x: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
    """Normalise each channel of each image to mean 0 and (biased) variance 1, without scale or shift."""
    b, _, _, c = x.shape
    statistics = jnp.promote_types(x.dtype, jnp.float32)
    return adain(x, jnp.ones((b, c), statistics), jnp.zeros((b, c), statistics))


@jax.custom_vjp
def adain(
    z: Float[Array, "b h w c"], scale: Float[Array, "b c"], shift: Float[Array, "b c"]
) -> Float[Array, "b h w c"]:
    """Apply adaptive instance norm, `scale * (z - mean(z)) / std(z) + shift` (paper, Eq. 4).

    Statistics, scale and shift are float32 or more, the result has the type of `z`.
    """
    return _adain_forward(z, scale, shift)[0]


def _adain_forward(z, scale, shift):
    z32 = at_least_float32(z)
    mean = pixel_means(z32)[:, None, None]
    variance = pixel_means(jnp.square(z32 - mean))[:, None, None]
    inverse_std = lax.rsqrt(variance + EPSILON)
    scale, shift = scale[:, None, None], shift[:, None, None]
    y = (z32 - mean) * (inverse_std * scale) + shift
    return y.astype(z.dtype), (z, mean, inverse_std, scale)


def _adain_backward(kept, gradient):
    z, mean, inverse_std, scale = kept
    dy, normalised = at_least_float32(gradient), (at_least_float32(z) - mean) * inverse_std
    dshift, dscale = pixel_means(dy), pixel_means(dy * normalised)
    dz = scale * inverse_std * (dy - dshift[:, None, None] - normalised * dscale[:, None, None])
    pixels = z.shape[1] * z.shape[2]
    return dz.astype(z.dtype), pixels * dscale, pixels * dshift


adain.defvjp(_adain_forward, _adain_backward)


class InstanceNorm(nn.Module):
    """Instance norm with a scale and a shift for each channel, in training and inference alike; both are float32."""

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
        """Normalise each channel of each image, then scale and shift it; the result has the type of `x`."""
        b, _, _, c = x.shape
        scale = self.param("scale", nn.initializers.ones, (c,), jnp.float32)
        shift = self.param("bias", nn.initializers.zeros, (c,), jnp.float32)
        return adain(x, *(jnp.broadcast_to(each, (b, c)) for each in (scale, shift)))


class UnitLengthNorm(nn.Module):
    """`unit_length_norm` with one scale, at first 1, and one shift, 0, for all channels (ELEGANT, published code)."""

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
        scale = self.param("scale", nn.initializers.ones, (1,), float)
        return unit_length_norm(x, scale, self.param("bias", nn.initializers.zeros, (1,), float))


@jax.custom_vjp
def unit_length_norm(
    x: Float[Array, "b h w c"], scale: Float[Array, "1"], shift: Float[Array, "1"]
) -> Float[Array, "b h w c"]:
    """Divide the channels of each pixel by their Euclidean length, then apply `scale` and `shift`.

    Lengths, scale and shift are float32 or more, the result has the type of `x`.
    """
    return _unit_length_forward(x, scale, shift)[0]


def _unit_length_forward(x, scale, shift):
    x32 = at_least_float32(x)
    inverse_length = lax.rsqrt(jnp.maximum(jnp.square(x32).sum(-1, keepdims=True), LEAST_LENGTH**2))
    return (x32 * (inverse_length * scale) + shift).astype(x.dtype), (x, inverse_length, scale)


def _unit_length_backward(kept, gradient):
    x, inverse_length, scale = kept
    dy, direction = at_least_float32(gradient), at_least_float32(x) * inverse_length
    along = (dy * direction).sum(-1, keepdims=True)
    dx = scale * inverse_length * (dy - direction * along)
    return dx.astype(x.dtype), along.sum().reshape(1), dy.sum(-1).sum().reshape(1)


unit_length_norm.defvjp(_unit_length_forward, _unit_length_backward)
