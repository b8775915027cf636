"""The losses of the tasks: functions of arrays, each a scalar of float32 or more, the mean over the global batch."""

from collections.abc import Callable, Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from maskgan_jax.networks.precision import at_least_float32

AdversarialForm = Literal["least_squares", "log"]

FeatureMaps = Sequence[Sequence[Array]]
"""For each of the discriminator's scales the maps after its layers, the logits last."""

PERCEPTUAL_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Of the five VGG19 features, from full size down (published code, `VGGLoss`)."""


def cross_entropy(logits: Float[Array, "b h w k"], labels: Int[Array, "b h w"]) -> Float[Array, ""]:
    """Compute the mean over all pixels of the 19-way cross-entropy, in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def weighted_cross_entropy(
    logits: Float[Array, "b h w k"], labels: Int[Array, "b h w"], weights: Float[Array, " k"]
) -> Float[Array, ""]:
    """Compute the cross-entropy with a weight for each class, divided by the weights of all pixels, in nats."""
    pixel_weights = weights.astype(logits.dtype)[labels]
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return (pixel_weights * losses).sum() / pixel_weights.sum()


def dice(logits: Float[Array, "b h w k"], labels: Int[Array, "b h w"]) -> Float[Array, ""]:
    """Compute 1 minus the Dice coefficient, in [0, 1], of the predicted probabilities and the mask of each class.

    Of all masks of the batch together, and the mean over the classes that they have, so that a class of few pixels, or
    in few masks, counts as much as any other (Milletari et al. 2016).
    """
    predicted, true = jax.nn.softmax(logits), jax.nn.one_hot(labels, logits.shape[-1])
    overlaps, sizes = (maps.sum((0, 1, 2)) for maps in (predicted * true, predicted + true))
    coefficients = 2 * overlaps / jnp.maximum(sizes, 1)  # of absent classes sizes may be 0; they aren't counted
    return 1 - coefficients.mean(where=true.any((0, 1, 2)))


def attribute_cross_entropy(logits: Float[Array, "b k"], attributes: Int[Array, "b k"]) -> Float[Array, ""]:
    """Compute the mean binary cross-entropy, in nats, of attributes that are 1 present, -1 absent or, left out, 0.

    It is 0 where all are unknown.
    """
    losses, known = optax.sigmoid_binary_cross_entropy(logits, attributes > 0), attributes != 0
    return (losses * known).sum() / jnp.maximum(known.sum(), 1)


def summed_attribute_cross_entropy(logits: Float[Array, "b k"], attributes: Int[Array, "b k"]) -> Float[Array, ""]:
    """Compute the binary cross-entropy, in nats, of attributes that are 1 present, -1 absent or, left out, 0.

    Summed over the attributes, mean over the batch (published code of StarGAN).
    """
    losses = optax.sigmoid_binary_cross_entropy(logits, attributes > 0)
    return (losses * (attributes != 0)).sum(-1).mean()


def kl_divergence(mean: Float[Array, "b z"], log_variance: Float[Array, "b z"]) -> Float[Array, ""]:
    """Compute the KL divergence of N(mean, exp(log_variance)) from N(0, 1), in nats.

    Summed over the code, mean over the batch.
    """
    divergence = 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance)
    return divergence.sum(-1).mean()


def adversarial(maps: FeatureMaps, is_real: bool, form: AdversarialForm) -> Float[Array, ""]:
    """Compute the loss of the discriminator's logits against the label `is_real`, summed over scales (`GANLoss`).

    Least squares is the published code's form; log is the paper's Eq. 7 as a cross-entropy on logits.
    """
    loss = {"least_squares": _least_squares, "log": _log}[form]
    return sum(loss(scale[-1], is_real) for scale in maps)


def _least_squares(logits: Array, is_real: bool) -> Array:
    return jnp.square(logits - float(is_real)).mean()


def _log(logits: Array, is_real: bool) -> Array:
    return jax.nn.softplus(-logits if is_real else logits).mean()


def discriminator_hinge(maps: FeatureMaps, is_real: bool) -> Float[Array, ""]:
    """Compute the hinge loss of the discriminator's logits, on the right side of 1 or -1; the mean over its scales.

    Source: SPADE's published code (Park et al., 2019, `MultiscaleDiscriminator` and `GANLoss`).
    """
    return _mean_over_scales(maps, lambda logits: jax.nn.relu(1 - logits if is_real else 1 + logits))


def generator_hinge(maps: FeatureMaps) -> Float[Array, ""]:
    """Compute minus the discriminator's logits of generated images, the mean over its scales; source as above."""
    return _mean_over_scales(maps, jnp.negative)


def _mean_over_scales(maps: FeatureMaps, loss: Callable[[Array], Array]) -> Array:
    return sum(loss(scale[-1]).mean() for scale in maps) / len(maps)


def wasserstein_gradient_penalty(critic: Callable[[Array], Array], image: Float[Array, "b h w c"]) -> Float[Array, ""]:
    """Compute the mean of (|gradient| - 1)^2 of a critic at images (Gulrajani et al., NeurIPS 2017, Eq. 3).

    Args:
      critic: of images, each by itself, to any number of values of each, whose sum is differentiated.
      image: each between a real and a generated one.
    """
    gradient = jax.grad(lambda image: critic(image).sum())(image)
    norm = jnp.sqrt(jnp.square(at_least_float32(gradient)).sum((1, 2, 3)))
    return jnp.square(norm - 1).mean()


def feature_matching(fake: FeatureMaps, real: FeatureMaps) -> Float[Array, ""]:
    """Compute the L1 distance between the discriminator's features of fake and real, without the logits.

    No gradient reaches the real side.

    Each map weighs 4 / (layers + 1) / scales, layers being the published `n_layers_D`, two less than there are maps.
    """
    total = jnp.zeros(())
    for fake_maps, real_maps in zip(fake, real, strict=True):
        weight = 4 / (len(fake_maps) - 1) / len(fake)
        for fake_map, real_map in zip(fake_maps[:-1], real_maps[:-1], strict=True):
            total += weight * mean_absolute_error(fake_map, jax.lax.stop_gradient(real_map))
    return total


def last_feature_matching(fake: FeatureMaps, real: FeatureMaps) -> Float[Array, ""]:
    """Compute the L1 distance between the discriminator's maps just before the logits, the mean over its scales.

    No gradient reaches the real side. Source: the published code of mask-guided portrait editing (Gu et al., 2019).
    """
    distances = [
        mean_absolute_error(fake_maps[-2], jax.lax.stop_gradient(real_maps[-2]))
        for fake_maps, real_maps in zip(fake, real, strict=True)
    ]
    return sum(distances) / len(distances)


def perceptual(fake: Sequence[Array], real: Sequence[Array]) -> Float[Array, ""]:
    """Compute the weighted L1 distance between the VGG19 features of fake and real (paper, Eq. 9).

    No gradient reaches the real side.
    """
    return sum(
        weight * mean_absolute_error(fake_feature, jax.lax.stop_gradient(real_feature))
        for weight, fake_feature, real_feature in zip(PERCEPTUAL_WEIGHTS, fake, real, strict=True)
    )


def mean_absolute_error(a: Array, b: Array) -> Float[Array, ""]:
    """Compute the mean of |a - b|, in float32 or more."""
    return jnp.abs(at_least_float32(a) - at_least_float32(b)).mean()


def mean_squared_error(a: Array, b: Array) -> Float[Array, ""]:
    """Compute the mean of (a - b)^2, in float32 or more."""
    return jnp.square(at_least_float32(a) - at_least_float32(b)).mean()


def weighted_squared_error(
    a: Float[Array, "b h w c"], b: Float[Array, "b h w c"], weights: Float[Array, "b h w 1"]
) -> Float[Array, ""]:
    """Compute the mean of weights * (a - b)^2 over all entries of a, in float32 or more."""
    return (at_least_float32(weights) * jnp.square(at_least_float32(a) - at_least_float32(b))).mean()
