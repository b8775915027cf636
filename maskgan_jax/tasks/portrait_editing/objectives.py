"""The terms of the loss (Gu et al., CVPR 2019, Sec. 3.4), with the relative weights of the published code."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from maskgan_jax import losses
from maskgan_jax.networks.layers import max_pool
from maskgan_jax.tasks.portrait_editing.faces import Source
from maskgan_jax.tasks.portrait_editing.forward import ByPart
from maskgan_jax.tasks.portrait_editing.labels import LABEL_SETS, PARSING_WEIGHTS, PARTS, is_part, translate

_GLOBAL_WEIGHTS = {"left_eye": 1.0, "right_eye": 1.0, "mouth": 1.0, "skin": 0.5, "hair": 0.5}
"""Of a part's pixels, beside 1 for every pixel."""

_MEAN_WEIGHTS = {"left_eye": 0.3, "right_eye": 0.3, "mouth": 0.5, "skin": 0.5, "hair": 0.3}
"""Of the mean over a part's pixels, beside 1 for that over all pixels (own)."""

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


def global_loss_by_part(
    image: Float[Array, "b h w 3"], truth: Float[Array, "b h w 3"], labels: Integer[Array, "b h w"]
) -> Float[Array, ""]:
    """Compute the mean squared error of images in [-1, 1], and add its weighted means over each part's own pixels.

    Own: in small images eyes have so few pixels that `global_loss` hardly notices them.
    """
    errors = jnp.square(image - truth).mean(-1)
    total = errors.mean()
    for part, weight in _MEAN_WEIGHTS.items():
        shown = is_part(labels, part)
        total += weight * (errors * shown).sum() / jnp.maximum(shown.sum(), 1)
    return total


def colour_loss(
    image: Float[Array, "b h w 3"],
    labels: Integer[Array, "b h w"],
    source: Float[Array, "b h w 3"],
    source_labels: Integer[Array, "b h w"],
) -> Float[Array, ""]:
    """Compute the mean squared distance of the parts' mean colours from those in the faces they come from (own).

    Summed over the parts; images are in [-1, 1], a part counts in faces where both show it.
    """
    total = jnp.zeros(())
    for part in PARTS:
        colours, here = _mean_colours(image, labels, part)
        wanted, there = _mean_colours(source, source_labels, part)
        total += ((here & there)[:, None] * jnp.square(colours - wanted)).mean()
    return total


def _mean_colours(
    image: Float[Array, "b h w 3"], labels: Integer[Array, "b h w"], part: str
) -> tuple[Float[Array, "b 3"], Bool[Array, " b"]]:
    """Return the mean colour of a part in each image, 0 where it is absent, and whether it is there."""
    shown = is_part(labels, part)
    pixels = shown.sum((1, 2))
    return (image * shown[..., None]).sum((1, 2)) / jnp.maximum(pixels, 1)[:, None], pixels > 0


def perceptual_loss(fake: Sequence[Array], real: Sequence[Array], labels: Integer[Array, "b h w"]) -> Float[Array, ""]:
    """Compute the weighted L1 distance between VGG19 features of the parts, whose masks are max-pooled to each size."""
    masks = jnp.stack([is_part(labels, part) for part in _PERCEPTUAL_WEIGHTS], axis=-1).astype(fake[0].dtype)
    part_weights = jnp.array(list(_PERCEPTUAL_WEIGHTS.values()), masks.dtype)
    total = jnp.zeros(())
    for weight, fake_map, real_map in zip(_LAYER_WEIGHTS, fake, real, strict=True):
        pixel_weights = (masks * part_weights).sum(-1, keepdims=True)
        total += weight * losses.mean_absolute_error(pixel_weights * fake_map, pixel_weights * real_map)
        masks = max_pool(masks)
    return total


def parsing_loss(logits: Float[Array, "b h w k"], labels: Integer[Array, "b h w"], label_set: str) -> Float[Array, ""]:
    """Compute the weighted cross-entropy between a parser's logits and label maps of the 19 classes, not enlarged.

    `label_set` is the parser's, a name of `LABEL_SETS`.
    """
    targets = translate(labels, LABEL_SETS[label_set]).astype(jnp.int32)
    return losses.weighted_cross_entropy(logits, targets, jnp.asarray(PARSING_WEIGHTS[label_set]))


def kl_loss(means: ByPart, log_variances: ByPart) -> Float[Array, ""]:
    """Compute the sum of the parts' KL divergences from N(0, 1): summed over a code, mean over the batch."""
    return sum(losses.kl_divergence(means[part], log_variances[part]) for part in PARTS)
