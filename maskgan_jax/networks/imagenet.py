"""The input of networks that were trained on ImageNet."""

import jax.numpy as jnp
from jaxtyping import Array, Float

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of RGB in [0, 1]; torchvision's transforms of its `IMAGENET1K_V1` weights."""


def normalise(image: Float[Array, "b h w 3"]) -> Float[Array, "b h w 3"]:
    """Shift and scale images in [-1, 1] to mean 0 and deviation 1 over ImageNet."""
    return ((image + 1) / 2 - jnp.array(MEAN)) / jnp.array(STD)
