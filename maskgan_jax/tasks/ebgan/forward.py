"""What a step, an evaluation and an edit have in common: gates on codes, and the paste into the photo."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8

from maskgan_jax.tasks.ebgan.system import Ebgan


def gate(system: Ebgan, codes: Float[Array, "b y x c"], gates: Float[Array, "b n"] | None) -> Float[Array, "b y x c"]:
    """Multiply each attribute's block of channels by its gate; the first `free_channels` pass (Att-EBGAN, Sec. 3.3).

    Codes of EBGAN, which has no gates, pass as they are.
    """
    if gates is None:
        return codes
    channels = codes.shape[-1] - system.free_channels
    factors = jnp.repeat(gates, channels // len(system.attributes), axis=1)
    free = jnp.ones((codes.shape[0], system.free_channels), factors.dtype)
    return codes * jnp.concatenate([free, factors], axis=1)[:, None, None]


def gates(attributes: Int8[Array, "b n"], covered: Bool[Array, "b n"]) -> Float[Array, "b n"]:
    """Return 1 for each attribute that a face has and a region covers, else 0."""
    return ((attributes > 0) & covered).astype(float)


def paste(
    image: Float[Array, "b h w 3"], region: Float[Array, "b h w 1"], filled: Float[Array, "b h w 3"]
) -> Float[Array, "b h w 3"]:
    """Return images whose region comes from `filled`."""
    return jnp.where(region > 0, filled, image)
