"""Inception-v3 up to its pooled features, as FID takes it: TensorFlow's network of 2015 in pytorch-fid's rendering.

It differs from torchvision's `inception_v3`, whose entry names it has, in its averages, which leave the padding out,
and in a maximum in the last block.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

SIZE = 299
"""Height and width in px that images are scaled to."""

BLOCKS_35 = {"Mixed_5b": 32, "Mixed_5c": 64, "Mixed_5d": 64}
"""Blocks at 35 px, with the channels of their pooled branch."""
BLOCKS_17 = {"Mixed_6b": 128, "Mixed_6c": 160, "Mixed_6d": 160, "Mixed_6e": 192}
"""Blocks at 17 px, with the channels within their 7x7 branches."""


class InceptionV3(nn.Module):
    """Photos to 2,048 features; 21,785,568 parameters, for inference only."""

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"]) -> Float[Array, "b 2048"]:
        """Compute the features of images in [-1, 1] of any size."""
        x = scale(image)
        x = Convolution(32, (3, 3), 2, name="Conv2d_1a_3x3")(x)
        x = Convolution(32, (3, 3), name="Conv2d_2a_3x3")(x)
        x = Convolution(64, (3, 3), padding="SAME", name="Conv2d_2b_3x3")(x)
        x = nn.max_pool(x, (3, 3), (2, 2))
        x = Convolution(80, (1, 1), name="Conv2d_3b_1x1")(x)
        x = Convolution(192, (3, 3), name="Conv2d_4a_3x3")(x)
        x = nn.max_pool(x, (3, 3), (2, 2))
        for name, pooled in BLOCKS_35.items():
            x = Block35(pooled, name=name)(x)
        x = Reduction17(name="Mixed_6a")(x)
        for name, width in BLOCKS_17.items():
            x = Block17(width, name=name)(x)
        x = Reduction8(name="Mixed_7a")(x)
        x = Block8(_average_around, name="Mixed_7b")(x)
        x = Block8(_maximum_around, name="Mixed_7c")(x)
        return x.mean((1, 2))


def scale(image: Float[Array, "b h w 3"]) -> Float[Array, "b 299 299 3"]:
    """Scale images bilinearly, without antialiasing, as pytorch-fid does."""
    return jax.image.resize(image, (image.shape[0], SIZE, SIZE, 3), "linear", antialias=False)


class Convolution(nn.Module):
    """A convolution without bias, batch norm with running statistics, and ReLU.

    In full float32 on every device: a table's figures must not depend on it.
    """

    features: int
    kernel_size: tuple[int, int]
    strides: int = 1
    padding: str = "VALID"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        strides = (self.strides, self.strides)
        x = nn.Conv(
            self.features, self.kernel_size, strides, self.padding, use_bias=False, precision="highest", name="conv"
        )(x)
        return nn.relu(nn.BatchNorm(True, epsilon=1e-3, name="bn")(x))


_same = partial(Convolution, padding="SAME")


def _chain(x: Array, name: str, *layers: tuple) -> Array:
    """Apply convolutions `name_1`, `name_2` ..., given by channels, kernel and, without padding, strides."""
    for place, (features, kernel_size, *strides) in enumerate(layers, start=1):
        convolution = Convolution if strides else _same
        x = convolution(features, kernel_size, *strides, name=f"{name}_{place}")(x)
    return x


def _average_around(x: Array) -> Array:
    return nn.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False)


def _maximum_around(x: Array) -> Array:
    return nn.max_pool(x, (3, 3), padding="SAME")


class Block35(nn.Module):
    """1x1; 5x5; two 3x3; pooled average."""

    pooled: int

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b h w o"]:
        branches = [
            _same(64, (1, 1), name="branch1x1")(x),
            _chain(x, "branch5x5", (48, (1, 1)), (64, (5, 5))),
            _chain(x, "branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
            _same(self.pooled, (1, 1), name="branch_pool")(_average_around(x)),
        ]
        return jnp.concatenate(branches, axis=-1)


class Reduction17(nn.Module):
    """From 35 to 17 px: 3x3; two 3x3; maximum."""

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        branches = [
            Convolution(384, (3, 3), 2, name="branch3x3")(x),
            _chain(x, "branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3), 2)),
            nn.max_pool(x, (3, 3), (2, 2)),
        ]
        return jnp.concatenate(branches, axis=-1)


class Block17(nn.Module):
    """1x1; 7x7 in two parts; two times 7x7 in two parts; pooled average."""

    width: int

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b h w 768"]:
        c = self.width
        twice = [(c, (1, 1)), (c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))]
        branches = [
            _same(192, (1, 1), name="branch1x1")(x),
            _chain(x, "branch7x7", (c, (1, 1)), (c, (1, 7)), (192, (7, 1))),
            _chain(x, "branch7x7dbl", *twice),
            _same(192, (1, 1), name="branch_pool")(_average_around(x)),
        ]
        return jnp.concatenate(branches, axis=-1)


class Reduction8(nn.Module):
    """From 17 to 8 px: 3x3; 7x7 in two parts and 3x3; maximum."""

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        branches = [
            _chain(x, "branch3x3", (192, (1, 1)), (320, (3, 3), 2)),
            _chain(x, "branch7x7x3", (192, (1, 1)), (192, (1, 7)), (192, (7, 1)), (192, (3, 3), 2)),
            nn.max_pool(x, (3, 3), (2, 2)),
        ]
        return jnp.concatenate(branches, axis=-1)


class Block8(nn.Module):
    """1x1; 1x3 beside 3x1; 3x3, then 1x3 beside 3x1; pooled."""

    pool: Callable[[Array], Array]

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b h w 2048"]:
        def beside(name: str, y: Array) -> list[Array]:
            return [_same(384, (1, 3), name=f"{name}a")(y), _same(384, (3, 1), name=f"{name}b")(y)]

        branches = [
            _same(320, (1, 1), name="branch1x1")(x),
            *beside("branch3x3_2", _chain(x, "branch3x3", (384, (1, 1)))),
            *beside("branch3x3dbl_3", _chain(x, "branch3x3dbl", (448, (1, 1)), (384, (3, 3)))),
            _same(192, (1, 1), name="branch_pool")(self.pool(x)),
        ]
        return jnp.concatenate(branches, axis=-1)
