"""The losses that only this task has; all are means over examples."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from maskgan_jax import losses


def reconstruction_loss(
    image: Float[Array, "b h w 3"], truth: Float[Array, "b h w 3"], region: Float[Array, "b h w 1"], by_region: bool
) -> Float[Array, ""]:
    """Compute the mean absolute error of the whole images (paper, Eq. 1).

    With `by_region` it is the mean of that inside the region and that outside (own): of the whole image a mouth is a
    thirtieth. Where there is no outside, or no inside, that half is 0.
    """
    if not by_region:
        return losses.mean_absolute_error(image, truth)
    error = jnp.abs(image - truth).mean(-1, keepdims=True)
    halves = [
        (error * weight).sum((1, 2, 3)) / jnp.maximum(weight.sum((1, 2, 3)), 1) for weight in (region, 1 - region)
    ]
    return (sum(halves) / 2).mean()


def gradient_penalty(
    discriminate: Callable[[Array], Float[Array, "b 1"]], image: Float[Array, "b h w 3"]
) -> Float[Array, ""]:
    """Compute half the squared norm of the logit's gradient at real images, R1 (Mescheder et al., ICML 2018, Eq. 9)."""
    gradient = jax.grad(lambda image: discriminate(image).sum())(image)
    return 0.5 * jnp.square(gradient).sum((1, 2, 3)).mean()
