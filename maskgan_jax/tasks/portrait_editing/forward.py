"""The networks in the order that a face passes through them.

In training every function also returns the running statistics after the batch, by network; else none.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, PyTree

from maskgan_jax.networks.discriminator import FeatureMaps
from maskgan_jax.tasks.portrait_editing.faces import Source, Target
from maskgan_jax.tasks.portrait_editing.labels import LABEL_SETS, PARTS, translate
from maskgan_jax.tasks.portrait_editing.parts import WINDOWS, place
from maskgan_jax.tasks.portrait_editing.system import PortraitEditing
from maskgan_jax.tasks.statistics import Statistics, apply
from maskgan_jax.tasks.task import Variables

ByPart = dict[str, Array]
"""An array of each part."""


def encode(
    system: PortraitEditing, variables: Mapping[str, Variables], source: Source, train: bool = False
) -> tuple[ByPart, ByPart, Statistics]:
    """Encode the parts of faces: means and log-variances of their codes, (b k) each."""
    outputs, statistics = _apply_to_parts(system, variables, "encoder", source.parts, train)
    means, log_variances = ({part: output[place] for part, output in outputs.items()} for place in (0, 1))
    return means, log_variances, statistics


def decode(
    system: PortraitEditing, variables: Mapping[str, Variables], codes: ByPart, train: bool = False
) -> tuple[ByPart, Statistics]:
    """Decode codes (b k) to the features of the parts, as strided as the mask encoder's."""
    return _apply_to_parts(system, variables, "decoder", codes, train)


def decode_images(
    system: PortraitEditing, variables: Mapping[str, Variables], codes: ByPart, train: bool = False
) -> tuple[ByPart, Statistics]:
    """Decode codes (b k) to images of the parts in [-1, 1]."""
    return _apply_to_parts(system, variables, "image_decoder", codes, train)


def generate(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    features: ByPart,
    target: Target,
    train: bool = False,
) -> tuple[Float[Array, "b h w 3"], Statistics]:
    """Generate faces in [-1, 1] with a layout, of the features of parts, before the background that is kept."""
    placed = [
        place(features[part], target.layout.centres[part], part, system.size) if part in WINDOWS else features[part]
        for part in PARTS
    ]
    inputs = (
        translate(target.layout.labels, LABEL_SETS[system.labels]),
        jnp.concatenate(placed, axis=-1),
        target.background,
        target.kept,
    )
    image, statistics = apply(
        system.modules["portrait_generator"], variables["portrait_generator"], *inputs, train=train
    )
    return image, {"portrait_generator": statistics} if train else {}


def discriminate(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    name: str,
    labels: Integer[Array, "b h w"],
    image: Float[Array, "b h w 3"],
) -> tuple[FeatureMaps, PyTree]:
    """Compute a discriminator's maps of images with their (enlarged) label maps, and its statistics after the batch."""
    num_classes = system.modules["portrait_generator"].num_classes
    masks = jax.nn.one_hot(translate(labels, LABEL_SETS[system.labels]), num_classes)
    return apply(system.modules[name], variables[name], masks, image, train=True)


def _apply_to_parts(
    system: PortraitEditing, variables: Mapping[str, Variables], kind: str, inputs: ByPart, train: bool
) -> tuple[dict[str, Any], Statistics]:
    outputs, statistics = {}, {}
    for part in PARTS:
        name = f"{kind}_{part}"
        outputs[part], after = apply(system.modules[name], variables[name], inputs[part], train=train)
        if after:
            statistics[name] = after
    return outputs, statistics
