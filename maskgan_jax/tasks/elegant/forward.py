"""What a step, an evaluation and an edit have in common: encodings, their exchange, and what it adds to photos."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from maskgan_jax.tasks.elegant.system import DECODER, ENCODER, Elegant
from maskgan_jax.tasks.task import Variables


def encode(system: Elegant, variables: Mapping[str, Variables], image: Float[Array, "b h w 3"]) -> list[Array]:
    """Return the skips and, as the last, the latent encoding of images."""
    return system.modules[ENCODER].apply(variables[ENCODER], image)


def decode(
    system: Elegant,
    variables: Mapping[str, Variables],
    image: Float[Array, "b h w 3"],
    maps: list[Array],
    encodings: Float[Array, "_ y x c"],
) -> Float[Array, "_ h w 3"]:
    """Return images in [-1, 1]: the given ones as encodings say, n of each next to each other.

    Args:
      system: of the config.
      variables: of the decoder.
      image: in [-1, 1].
      maps: as `encode` returns them.
      encodings: n of every image, next to each other.
    """
    *skips, own = maps
    residual = system.modules[DECODER].apply(variables[DECODER], encodings, own, *skips)
    versions = int(encodings.shape[0] // image.shape[0])
    return jnp.clip(jnp.repeat(image, versions, axis=0) + residual, -1, 1)


def exchange(
    own: Float[Array, "b y x c"], other: Float[Array, "b y x c"], gates: Float[Array, "b n"]
) -> Float[Array, "b y x c"]:
    """Return encodings whose block of each attribute is on the way from the own, gate 0, to the other's, gate 1."""
    blocks = attribute_of_channels(own.shape[-1], gates.shape[-1])
    factors = gates[:, blocks][:, None, None].astype(own.dtype)
    return own * (1 - factors) + other * factors


def attribute_of_channels(channels: int, attributes: int) -> Int[np.ndarray, " c"]:
    """Return the attribute of each channel: blocks begin at round(channels i / attributes) (published code)."""
    ends = np.rint(channels / attributes * np.arange(1, attributes + 1))
    return np.searchsorted(ends, np.arange(channels), side="right")
