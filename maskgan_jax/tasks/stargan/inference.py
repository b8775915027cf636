"""Inference functions: a photo with other attributes, and those that a photo shows."""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from maskgan_jax.tasks.pixels import to_image, to_pixels
from maskgan_jax.tasks.stargan.system import DISCRIMINATOR, GENERATOR, StarGan
from maskgan_jax.tasks.task import InferenceFunction, Variables


def inference(system: StarGan) -> dict[str, InferenceFunction]:
    """Return the inference functions.

    `set_attributes`: photos, uint8 (b s s 3), and labels, float32 (b n), 1 for each attribute that is wanted, else 0,
    to photos, uint8 (b s s 3). `classify`: photos, uint8 (b s s 3), to the logit of each attribute, float32 (b n).
    """
    photo = jax.ShapeDtypeStruct((system.size, system.size, 3), jnp.uint8)
    labels = jax.ShapeDtypeStruct((len(system.attributes),), jnp.float32)
    return {
        "set_attributes": InferenceFunction(partial(set_attributes, system), (GENERATOR,), (photo, labels)),
        "classify": InferenceFunction(partial(classify, system), (DISCRIMINATOR,), (photo,)),
    }


def set_attributes(
    system: StarGan,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    labels: Float[Array, "b n"],
) -> UInt8[Array, "b s s 3"]:
    """Give photos the attributes that labels say, as `inference` says."""
    return to_pixels(system.generator.apply(variables[GENERATOR], to_image(photos), labels))


def classify(
    system: StarGan, variables: Mapping[str, Variables], photos: UInt8[Array, "b s s 3"]
) -> Float[Array, "b n"]:
    """Compute logits of the attributes that photos show."""
    return system.discriminator.apply(variables[DISCRIMINATOR], to_image(photos))[1]
