"""The terms of the loss (Gu et al., CVPR 2019, Sec. 3.4), with the relative weights of the published code."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from maskgan_jax import losses
from maskgan_jax.networks.layers import max_pool
from maskgan_jax.tasks.portrait_editing.faces import Source
from maskgan_jax.tasks.portrait_editing.forward import ByPart
from maskgan_jax.tasks.portrait_editing.labels import LABEL_SETS, PARSING_WEIGHTS, PARTS, is_part, translate
from maskgan_jax.tasks.portrait_editing.system import PARSERS, PortraitEditing
from maskgan_jax.tasks.task import Variables

_GLOBAL_WEIGHTS = {"left_eye": 1.0, "right_eye": 1.0, "mouth": 1.0, "skin": 0.5, "hair": 0.5}
"""Of a part's pixels, beside 1 for every pixel."""

_PERCEPTUAL_WEIGHTS = {"left_eye": 10.0, "right_eye": 10.0, "skin": 5.0, "hair": 5.0, "mouth": 10.0}
"""Of a part's features of VGG19."""

_LAYER_WEIGHTS = (1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8)
"""Of the five VGG19 features, from full size down."""


def local_loss(source: Source, images: ByPart) -> Float[Array, ""]:
    """Compute the mean squared error of each part's image, blanked as the part itself, summed over the parts."""
    errors = [losses.weighted_squared_error(images[part], source.parts[part], source.shown[part]) for part in PARTS]
    return sum(errors)


def global_loss(
    image: Float[Array, "b h w 3"], truth: Float[Array, "b h w 3"], labels: Integer[Array, "b h w"]
) -> Float[Array, ""]:
    """Compute the mean squared error of images in [-1, 1], with additional weights of the parts' pixels."""
    weights = 1 + sum(weight * is_part(labels, part) for part, weight in _GLOBAL_WEIGHTS.items())
    return losses.weighted_squared_error(image, truth, weights[..., None])


def perceptual_loss(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    image: Float[Array, "b h w 3"],
    truth: Float[Array, "b h w 3"],
    labels: Integer[Array, "b h w"],
) -> Float[Array, ""]:
    """Compute the weighted L1 distance between VGG19 features of the parts, whose masks are max-pooled to each size."""
    real = jax.lax.stop_gradient(system.modules["vgg19"].apply(variables["vgg19"], truth))
    fake = system.modules["vgg19"].apply(variables["vgg19"], image)
    masks = jnp.stack([is_part(labels, part) for part in PARTS], axis=-1).astype(image.dtype)
    part_weights = jnp.array([_PERCEPTUAL_WEIGHTS[part] for part in PARTS], image.dtype)
    total = jnp.zeros(())
    for weight, fake_map, real_map in zip(_LAYER_WEIGHTS, fake, real, strict=True):
        pixel_weights = (masks * part_weights).sum(-1, keepdims=True)
        total += weight * losses.mean_absolute_error(pixel_weights * fake_map, pixel_weights * real_map)
        masks = max_pool(masks)
    return total


def parse(
    system: PortraitEditing, variables: Mapping[str, Variables], image: Float[Array, "b h w 3"]
) -> Float[Array, "b h w k"]:
    """Return the parser's logits of images in [-1, 1], in evaluation mode."""
    return system.modules[system.parser].apply(variables[system.parser], image)


def parsed_labels(system: PortraitEditing, labels: Integer[Array, "b h w"]) -> Integer[Array, "b h w"]:
    """Return label maps of the 19 classes in the parser's classes."""
    label_set, _ = PARSERS[system.parser]
    return translate(labels, LABEL_SETS[label_set])


def parsing_loss(
    system: PortraitEditing,
    variables: Mapping[str, Variables],
    image: Float[Array, "b h w 3"],
    labels: Integer[Array, "b h w"],
) -> Float[Array, ""]:
    """Compute the weighted cross-entropy between what the parser sees in images and label maps, not enlarged."""
    label_set, _ = PARSERS[system.parser]
    targets = parsed_labels(system, labels).astype(jnp.int32)
    weights = jnp.asarray(PARSING_WEIGHTS[label_set])
    return losses.weighted_cross_entropy(parse(system, variables, image), targets, weights)


def kl_loss(means: ByPart, log_variances: ByPart) -> Float[Array, ""]:
    """Compute the sum of the parts' KL divergences from N(0, 1): summed over a code, mean over the batch."""
    return sum(losses.kl_divergence(means[part], log_variances[part]) for part in PARTS)
