"""Inference functions: codes of a photo's parts; a face composed of codes, a layout and a photo's background."""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from maskgan_jax.tasks.pixels import to_image, to_pixels
from maskgan_jax.tasks.portrait_editing.faces import read_layout, read_source, read_target
from maskgan_jax.tasks.portrait_editing.forward import decode, encode, generate
from maskgan_jax.tasks.portrait_editing.labels import PARTS, is_background
from maskgan_jax.tasks.portrait_editing.system import PortraitEditing, part_networks
from maskgan_jax.tasks.task import InferenceFunction, Variables


def inference(system: PortraitEditing) -> dict[str, InferenceFunction]:
    """Return the inference functions.

    `encode_parts`: photos, uint8 (b s s 3), and their label maps, uint8 (b s s), to the codes of the parts in the order
    of `PARTS`, float32 (b 5 k): the means of the codes' distributions.
    `compose`: edited label maps, uint8 (b s s), photos, uint8 (b s s 3), the photos' own label maps, uint8 (b s s), and
    codes, float32 (b 5 k), each of any face, to photos, uint8 (b s s 3).
    """
    photo = jax.ShapeDtypeStruct((system.size, system.size, 3), jnp.uint8)
    mask = jax.ShapeDtypeStruct((system.size, system.size), jnp.uint8)
    codes = jax.ShapeDtypeStruct((len(PARTS), system.code_size), jnp.float32)
    generator = (*part_networks("decoder"), "portrait_generator")
    return {
        "encode_parts": InferenceFunction(partial(encode_parts, system), part_networks("encoder"), (photo, mask)),
        "compose": InferenceFunction(partial(compose, system), generator, (mask, photo, mask, codes)),
    }


def encode_parts(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    masks: UInt8[Array, "b s s"],
) -> Float[Array, "b 5 k"]:
    """Encode the parts of photos as `inference` says."""
    source = read_source(to_image(photos), read_layout(masks, system.enlarged))
    means, _, _ = encode(system, variables, source)
    return jnp.stack([means[part] for part in PARTS], axis=1)


def compose(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    edited_masks: UInt8[Array, "b s s"],
    photos: UInt8[Array, "b s s 3"],
    masks: UInt8[Array, "b s s"],
    codes: Float[Array, "b 5 k"],
) -> UInt8[Array, "b s s 3"]:
    """Compose photos as `inference` says.

    Of the photos the background of the edited label maps is kept, but for pixels which show a part there: these are
    hidden as the holes in training are.
    """
    freed = ~is_background(read_layout(masks, system.enlarged).labels)
    target = read_target(to_image(photos), read_layout(edited_masks, system.enlarged), freed)
    features, _ = decode(system, variables, {part: codes[:, place] for place, part in enumerate(PARTS)})
    image, _ = generate(system, variables, features, target)
    return to_pixels(image)
