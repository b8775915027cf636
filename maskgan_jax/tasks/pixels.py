"""Between the 8-bit pixels of the data pipeline and the floats of the networks: float32, float64 under x64."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer, UInt8

from data_pipeline.labels import NUM_CLASSES


def to_image(pixels: UInt8[Array, "b h w 3"]) -> Float[Array, "b h w 3"]:
    """Convert 8-bit pixels to values in [-1, 1]."""
    return pixels.astype(float) / 127.5 - 1


def to_pixels(image: Float[Array, "b h w 3"]) -> UInt8[Array, "b h w 3"]:
    """Convert images in [-1, 1] to 8-bit pixels, rounded."""
    return jnp.round((image + 1) * 127.5).astype(jnp.uint8)


def one_hot(labels: Integer[Array, "b h w"]) -> Float[Array, "b h w 19"]:
    """Convert label maps to one-hot masks; on the device, for the host then transfers 1/76 of the bytes."""
    return jax.nn.one_hot(labels, NUM_CLASSES)


def psnr(
    image: Float[Array, "b h w 3"], truth: Float[Array, "b h w 3"], where: Bool[Array, "b h w 1"] | None = None
) -> Float[Array, " b"]:
    """Compute the peak signal-to-noise ratio of each image in [-1, 1], of the pixels `where` it is True, in dB."""
    mse = jnp.square(image - truth).mean((1, 2, 3), where=where)
    return 10 * jnp.log10(4 / jnp.maximum(mse, 1e-10))
