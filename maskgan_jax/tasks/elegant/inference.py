"""The inference function: photos in which attributes are as an exemplar shows them."""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from maskgan_jax.tasks.elegant import forward
from maskgan_jax.tasks.elegant.system import DECODER, ENCODER, Elegant
from maskgan_jax.tasks.pixels import to_image, to_pixels
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import InferenceFunction, Variables


def inference(system: Elegant) -> dict[str, InferenceFunction]:
    """Return the inference function.

    `exchange`: photos and exemplars, uint8 (b s s 3), and gates, float32 (b n) in [0, 1], one for each attribute in the
    config's order, to photos, uint8 (b s s 3). The block of an attribute in the photo's encoding is on the way from the
    photo's own, gate 0, to the exemplar's, gate 1.
    """
    photo = jax.ShapeDtypeStruct((system.size, system.size, 3), jnp.uint8)
    gates = jax.ShapeDtypeStruct((len(system.columns),), jnp.float32)
    return {"exchange": InferenceFunction(partial(exchange, system), (ENCODER, DECODER), (photo, photo, gates))}


def exchange(
    system: Elegant,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    exemplars: UInt8[Array, "b s s 3"],
    gates: Float[Array, "b n"],
) -> UInt8[Array, "b s s 3"]:
    """Give photos the attributes of exemplars as `inference` says."""
    image = to_image(photos)
    both = forward.encode(system, variables, interleave(image, to_image(exemplars)))
    maps, others = zip(*(deinterleave(each, 2) for each in both), strict=True)
    encodings = forward.exchange(maps[-1], others[-1], gates)
    return to_pixels(forward.decode(system, variables, image, list(maps), encodings))
