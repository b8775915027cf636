"""Inference functions, those of MaskGAN's generator: the style of a photo; a label map in a style."""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, UInt8

from maskgan_jax.tasks.pixels import to_image, to_pixels
from maskgan_jax.tasks.spade.system import ENCODER, GENERATOR
from maskgan_jax.tasks.task import InferenceFunction, Variables


def inference(config, modules: Mapping[str, nn.Module]) -> dict[str, InferenceFunction]:
    """Return the inference functions.

    `encode_style`: photos, uint8 (b s s 3), and their label maps, uint8 (b s s), which are not read, to the means of
    their codes, float32 (b z). `generate`: label maps, uint8 (b s s), and codes, float32 (b z), to photos, uint8
    (b s s 3).
    """
    size = config.data.size
    photo, mask = jax.ShapeDtypeStruct((size, size, 3), jnp.uint8), jax.ShapeDtypeStruct((size, size), jnp.uint8)
    style = jax.ShapeDtypeStruct((config.code_size,), jnp.float32)
    encode, draw = partial(encode_style, modules[ENCODER]), partial(generate, modules[GENERATOR])
    return {
        "encode_style": InferenceFunction(encode, (ENCODER,), (photo, mask)),
        "generate": InferenceFunction(draw, (GENERATOR,), (mask, style)),
    }


def encode_style(
    encoder: nn.Module,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    masks: UInt8[Array, "b s s"],
) -> Float[Array, "b z"]:
    """Encode photos as `inference` says; the code samples here too, this takes the mean (own)."""
    mean, _ = encoder.apply(variables[ENCODER], to_image(photos))
    return mean


def generate(
    generator: nn.Module,
    variables: Mapping[str, Variables],
    masks: UInt8[Array, "b s s"],
    styles: Float[Array, "b z"],
) -> UInt8[Array, "b s s 3"]:
    """Generate photos as `inference` says."""
    return to_pixels(generator.apply(variables[GENERATOR], masks, styles))
