"""What trained networks do for a user, as functions of 8-bit pixels; each takes a network and its variables first."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, PyTree, UInt8

from maskgan_jax.tasks import face_parser
from maskgan_jax.tasks.task import one_hot, to_image


def encode_style(
    generator: nn.Module, variables: PyTree, photos: UInt8[Array, "b s s 3"], masks: UInt8[Array, "b s s"]
) -> Float[Array, "b k"]:
    """The style vectors of photos with their label maps."""
    return generator.apply(variables, to_image(photos), one_hot(masks), method="encode_style")


def generate(
    generator: nn.Module, variables: PyTree, masks: UInt8[Array, "b s s"], style: Float[Array, "b k"]
) -> UInt8[Array, "b s s 3"]:
    """Label maps drawn in the given styles."""
    drawn = generator.apply(variables, one_hot(masks), style, method="generate")
    return jnp.round((drawn + 1) * 127.5).astype(jnp.uint8)


def parse(parser: nn.Module, variables: PyTree, photos: UInt8[Array, "b s s 3"]) -> UInt8[Array, "b s s"]:
    """The label maps of photos."""
    return face_parser.parse(parser, variables, to_image(photos)).astype(jnp.uint8)


def interpolate(
    mask_vae: nn.Module, variables: PyTree, ends: UInt8[Array, "2 s s"], shares: Float[Array, " f"]
) -> UInt8[Array, "f s s"]:
    """Label maps on the straight way between the codes of two, at these shares of it: 0 is the first, 1 the second."""
    codes, _ = mask_vae.apply(variables, one_hot(ends), method="encode")
    on_the_way = codes[0] + shares[:, None] * (codes[1] - codes[0])
    return mask_vae.apply(variables, on_the_way, method="decode").argmax(-1).astype(jnp.uint8)
