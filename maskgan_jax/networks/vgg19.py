"""VGG19 up to relu5_1, the feature extractor of the perceptual loss; weights from torchvision's ImageNet `vgg19`."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.imagenet import normalise
from maskgan_jax.networks.layers import Conv, max_pool

BLOCKS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
"""Widths of the 3x3 convolutions of each block; a 2x2 max pool between blocks."""


class VGG19(nn.Module):
    """Features after relu1_1, relu2_1, relu3_1, relu4_1, relu5_1.

    Attributes:
      imagenet_normalisation: whether images are shifted and scaled as for VGG19's training; not in the published code.
      dtype: type of the computation.
    """

    imagenet_normalisation: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"]) -> list[Array]:
        """Compute five feature maps of images in [-1, 1], from full size down to 1/16."""
        x = normalise(image) if self.imagenet_normalisation else image
        features = []
        for block, widths in enumerate(BLOCKS, start=1):
            if block > 1:
                x = max_pool(x)
            for layer, width in enumerate(widths, start=1):
                x = nn.relu(Conv(width, 3, padding=1, dtype=self.dtype, name=f"conv{block}_{layer}")(x))
                if layer == 1:
                    features.append(x)
        return features
