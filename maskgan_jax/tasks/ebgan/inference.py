"""Inference functions: the code of an exemplar's region; a photo whose region is filled as a code says."""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from maskgan_jax.tasks.ebgan.forward import gate
from maskgan_jax.tasks.ebgan.system import CLASSIFIER, ENCODER, GENERATOR, Ebgan
from maskgan_jax.tasks.pixels import to_image, to_pixels
from maskgan_jax.tasks.task import InferenceFunction, Variables


def inference(system: Ebgan) -> dict[str, InferenceFunction]:
    """Return the inference functions.

    `encode_exemplar`: photos, uint8 (b s s 3), regions, uint8 (b s s), 1 inside, and in Att-EBGAN gates, float32 (b n)
    in [0, 1], one for each attribute, to codes, float32 (b y x c). `inpaint`: photos, uint8 (b s s 3), regions, uint8
    (b s s), and codes, float32 (b y x c), to photos, uint8 (b s s 3), equal to the given ones outside their regions.
    `classify` (Att-EBGAN): photos, uint8 (b s s 3), to the logit of each attribute, float32 (b n).
    """
    photo = jax.ShapeDtypeStruct((system.size, system.size, 3), jnp.uint8)
    region = jax.ShapeDtypeStruct((system.size, system.size), jnp.uint8)
    codes = jax.ShapeDtypeStruct(system.code_shape, jnp.float32)
    gates = [jax.ShapeDtypeStruct((len(system.attributes),), jnp.float32)] if system.attributes else []
    functions = {
        "encode_exemplar": InferenceFunction(partial(encode_exemplar, system), (ENCODER,), (photo, region, *gates)),
        "inpaint": InferenceFunction(partial(inpaint, system), (GENERATOR,), (photo, region, codes)),
    }
    if system.attributes:
        functions["classify"] = InferenceFunction(partial(classify, system), (CLASSIFIER,), (photo,))
    return functions


def encode_exemplar(
    system: Ebgan,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    regions: UInt8[Array, "b s s"],
    gates: Float[Array, "b n"] | None = None,
) -> Float[Array, "b y x c"]:
    """Encode what photos show in regions as `inference` says."""
    codes = system.modules[ENCODER].apply(variables[ENCODER], to_image(photos), _to_mask(regions))
    return gate(system, codes, gates)


def inpaint(
    system: Ebgan,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    regions: UInt8[Array, "b s s"],
    codes: Float[Array, "b y x c"],
) -> UInt8[Array, "b s s 3"]:
    """Fill regions of photos as `inference` says."""
    filled = system.modules[GENERATOR].apply(variables[GENERATOR], to_image(photos), _to_mask(regions), codes)
    return jnp.where(regions[..., None] > 0, to_pixels(filled), photos)


def classify(system: Ebgan, variables: Mapping[str, Variables], photos: UInt8[Array, "b s s 3"]) -> Float[Array, "b n"]:
    """Compute logits of the attributes that whole photos show."""
    return system.modules[CLASSIFIER].apply(variables[CLASSIFIER], to_image(photos))


def _to_mask(regions: UInt8[Array, "b s s"]) -> Float[Array, "b s s 1"]:
    return (regions > 0).astype(float)[..., None]
