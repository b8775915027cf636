"""Layers that the networks share; NHWC images, HWIO kernels, parameters and statistics in float32 or more."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks.channels import add_bias
from maskgan_jax.networks.convolution import convolve, convolve_labels, convolve_transposed
from maskgan_jax.networks.normalisation import adain, instance_norm

PadMode = Literal["zero", "reflect"]

normal_init = nn.initializers.normal(0.02)
"""Initial weights of convolutions in pix2pixHD and MaskGAN, but the MaskVAE's (published code, `weights_init`)."""

pytorch_init = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""PyTorch's default initial weights, which published networks keep that are given no others."""

xavier_init = nn.initializers.variance_scaling(0.02**2, "fan_avg", "normal")
"""SPADE's initial weights, Xavier's of gain 0.02 (Glorot and Bengio, AISTATS 2010); biases are 0 there."""

pytorch_transposed_init = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform", in_axis=-1, out_axis=-2)
"""The same of transposed convolutions, whose fan-in PyTorch counts as that of the convolution which they transpose."""


def bias_init(fan_in: int) -> nn.initializers.Initializer:
    """Return PyTorch's default initialiser of biases, uniform within 1 / sqrt(fan_in) of 0.

    The published `weights_init` leaves biases alone. They matter in the style encoder, which has no normalisation: with
    weights of 0.02 and biases of 0 its output is nearly constant.
    """

    def init(key: Array, shape: tuple[int, ...], dtype: DTypeLike = float) -> Array:
        bound = 1 / math.sqrt(fan_in)
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def pad_image(x: Array, width: int, mode: Literal["reflect", "edge"]) -> Array:
    """Pad height and width of (b h w c) by `width` on every side."""
    return jnp.pad(x, ((0, 0), (width, width), (width, width), (0, 0)), mode=mode)


def average_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b H W c"]:
    """Apply a 3x3 average pool of stride 2 and pad 1 that averages over real pixels only.

    As sums along one side after the other, whose gradient takes a fourth of the time of `lax.reduce_window`'s on a CPU
    (22 channels at 64 px; half at 512 px).
    """

    def mean(x: Array, axis: int) -> Array:
        size = x.shape[axis]
        padded = jnp.pad(x, [(1, 1) if side == axis else (0, 0) for side in range(4)])
        centres = np.arange(0, size, 2)
        taps = [lax.slice_in_dim(padded, tap, tap + centres[-1] + 1, 2, axis) for tap in range(3)]
        pixels = np.minimum(centres + 1, size - 1) - np.maximum(centres - 1, 0) + 1
        return sum(taps) / jnp.asarray(pixels.reshape([-1 if side == axis else 1 for side in range(4)]), x.dtype)

    return mean(mean(x, 1), 2)


def max_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """Apply a 2x2 max pool; on a CPU, forward and backward, 8 times faster than `nn.max_pool` (16 channels at 512 px).

    Written with comparisons, because the gradient of `max` compares the entries with the maximum: if XLA recomputes
    them with another rounding, none is equal and the gradient is 0 / 0.
    """

    def larger(a: Array, b: Array) -> Array:
        return jnp.where(a > b, a, b)

    rows = larger(x[:, ::2], x[:, 1::2])
    return larger(rows[:, :, ::2], rows[:, :, 1::2])


class Conv(nn.Module):
    """A square convolution.

    Attributes:
      features: output channels.
      kernel_size: height and width of the kernel.
      strides: step in both directions.
      padding: pixels added on every side.
      pad_mode: what the padding holds: `zero`, or `reflect` without repeating the border.
      kernel_init: initial weights.
      use_bias: whether there is one.
      initial_bias: initial biases; None: as `bias_init` says.
      dtype: type of the computation.
    """

    features: int
    kernel_size: int
    strides: int = 1
    padding: int = 0
    pad_mode: PadMode = "zero"
    kernel_init: nn.initializers.Initializer = normal_init
    use_bias: bool = True
    initial_bias: nn.initializers.Initializer | None = None
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape).astype(self.dtype)
        x = x.astype(self.dtype)
        if self.pad_mode == "reflect":
            y = convolve(pad_image(x, self.padding, "reflect"), kernel, self.strides, 0)
        else:
            y = convolve(x, kernel, self.strides, self.padding)
        if not self.use_bias:
            return y
        initial_bias = self.initial_bias or bias_init(math.prod(shape[:3]))
        return add_bias(y, self.param("bias", initial_bias, (self.features,)).astype(self.dtype))


class LabelConv(nn.Module):
    """A square convolution with bias, which keeps the size, of the one-hot form of label maps.

    Attributes:
      num_classes: channels of the one-hot form; every label is less.
      features: output channels.
      kernel_size: height and width of the kernel.
      kernel_init: initial weights.
      pad_mode: what the padding holds, see `Conv`; 0 is no label.
      initial_bias: initial biases; None: as `bias_init` says.
      dtype: type of the computation.
    """

    num_classes: int
    features: int
    kernel_size: int
    kernel_init: nn.initializers.Initializer = normal_init
    pad_mode: PadMode = "reflect"
    initial_bias: nn.initializers.Initializer | None = None
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, labels: Integer[Array, "b h w"]) -> Float[Array, "b h w o"]:
        shape = (self.kernel_size, self.kernel_size, self.num_classes, self.features)
        kernel = self.param("kernel", self.kernel_init, shape).astype(self.dtype)
        initial_bias = self.initial_bias or bias_init(math.prod(shape[:3]))
        bias = self.param("bias", initial_bias, (self.features,)).astype(self.dtype)
        width = self.kernel_size // 2
        if self.pad_mode == "reflect":
            return add_bias(convolve_labels(pad_image(labels[..., None], width, "reflect")[..., 0], kernel), bias)
        kernel = jnp.pad(kernel, ((0, 0), (0, 0), (0, 1), (0, 0)))  # the label beyond the last stands for the padding
        padded = jnp.pad(labels, ((0, 0), (width, width), (width, width)), constant_values=self.num_classes)
        return add_bias(convolve_labels(padded, kernel), bias)


class ConvTranspose(nn.Module):
    """A transposed convolution that doubles the size, see `convolve_transposed`.

    Attributes:
      features: output channels.
      kernel_size: height and width of the kernel, 3 or 4.
      kernel_init: initial weights; biases begin as `bias_init` says.
      use_bias: whether there is one.
      dtype: type of the computation.
    """

    features: int
    kernel_size: int = 3
    kernel_init: nn.initializers.Initializer = normal_init
    use_bias: bool = True
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b 2*h 2*w o"]:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        y = convolve_transposed(x.astype(self.dtype), self.param("kernel", self.kernel_init, shape).astype(self.dtype))
        if not self.use_bias:
            return y
        fan_in = self.kernel_size**2 * self.features  # PyTorch counts that of the convolution it transposes
        bias = self.param("bias", bias_init(fan_in), (self.features,)).astype(self.dtype)
        return add_bias(y, bias)


class UpsampleConv(nn.Module):
    """Nearest-neighbour doubling, edge-replicating pad of 1, then a 3x3 convolution.

    The doubled image is never computed: two neighbouring output pixels depend on the same 2 or 3 input pixels, so one
    2x2 convolution of the small image to four times the channels gives all four phases with 4/9 of the arithmetic.
    """

    features: int
    kernel_init: nn.initializers.Initializer = normal_init
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b 2*h 2*w o"]:
        b, h, w, _ = x.shape
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1], self.features)).astype(self.dtype)
        bias = self.param("bias", bias_init(9 * x.shape[-1]), (self.features,)).astype(self.dtype)
        even = jnp.array([[1, 0, 0], [0, 1, 1]], self.dtype)  # taps (j - 1, j) of an even output row
        odd = jnp.array([[1, 1, 0], [0, 0, 1]], self.dtype)  # taps (j, j + 1) of an odd one
        taps = jnp.stack([even, odd])
        phases = jnp.einsum("pty,qux,yxio->tuipqo", taps, taps, kernel)
        phases = phases.reshape(2, 2, x.shape[-1], 4 * self.features)
        padded = pad_image(x.astype(self.dtype), 1, "edge")
        y = convolve(padded, phases, strides=1, padding=0).reshape(b, h + 1, w + 1, 2, 2, self.features)
        rows = [[y[:, p : p + h, q : q + w, p, q] for q in (0, 1)] for p in (0, 1)]
        y = jnp.stack([jnp.stack(row, axis=3) for row in rows], axis=2)
        return add_bias(y.reshape(b, 2 * h, 2 * w, self.features), bias)


def leaky_relu(x: Array) -> Array:
    """Apply the leaky ReLU of slope 0.2 of discriminator and MaskVAE."""
    return jax.nn.leaky_relu(x, 0.2)


class ResidualBlock(nn.Module):
    """R-k: two reflect-padded 3x3 convolutions, each normalised, ReLU after the first; then the skip sum.

    With `style` (b, 4k) the norms are AdaIN, and the style holds k shifts then k scales for each of the two; without a
    style they are instance norms.
    """

    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "b h w k"], style: Float[Array, "b s"] | None = None) -> Float[Array, "b h w k"]:
        k = x.shape[-1]
        y = x
        for layer in range(2):
            y = Conv(k, 3, padding=1, pad_mode="reflect", dtype=self.dtype, name=f"conv_{layer}")(y)
            if style is None:
                y = instance_norm(y)
            else:
                shift, scale = jnp.split(style[:, 2 * layer * k : 2 * (layer + 1) * k], 2, axis=-1)
                y = adain(y, scale, shift)
            if layer == 0:
                y = nn.relu(y)
        return x + y


class GlobalGenerator(nn.Module):
    """The encoder-decoder of pix2pixHD that both the image generation backbone and the alpha blender are.

    c7s1 to widths[0], stride-2 convolutions to widths[1:], residual blocks, transposed convolutions back, c7s1 head.
    With `num_classes` the input is a label map, otherwise an image.

    Attributes:
      widths: channels at full, half, quarter ... size.
      residual_blocks: blocks at the smallest size.
      num_classes: of the label maps; 0 for images.
      features: channels of the head, which has no activation.
      remat: keep only the activations between levels and blocks and recompute those inside them in the backward pass:
        less memory, about a third more arithmetic; XLA's CPU back end merges most of it again.
      dtype: type of the computation.
    """

    widths: tuple[int, ...]
    residual_blocks: int
    num_classes: int = 0
    features: int = 3
    remat: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w i"] | Integer[Array, "b h w"], style: Float[Array, "b s"] | None = None
    ) -> Float[Array, "b h w o"]:
        block_of, level_of = (nn.remat(ResidualBlock), nn.remat(_level)) if self.remat else (ResidualBlock, _level)
        if self.num_classes:
            stem = LabelConv(self.num_classes, self.widths[0], 7, dtype=self.dtype, name="stem")
        else:
            stem = Conv(self.widths[0], 7, padding=3, pad_mode="reflect", dtype=self.dtype, name="stem")
        x = level_of(stem, x)
        for level, width in enumerate(self.widths[1:]):
            x = level_of(Conv(width, 3, strides=2, padding=1, dtype=self.dtype, name=f"down_{level}"), x)
        styles = [None] * self.residual_blocks if style is None else jnp.split(style, self.residual_blocks, axis=-1)
        for block, block_style in enumerate(styles):
            x = block_of(self.dtype, name=f"residual_{block}")(x, block_style)
        for level, width in enumerate(reversed(self.widths[:-1])):
            x = level_of(ConvTranspose(width, dtype=self.dtype, name=f"up_{level}"), x)
        return Conv(self.features, 7, padding=3, pad_mode="reflect", dtype=self.dtype, name="head")(x)


def _level(convolution: nn.Module, x: Array) -> Array:
    return nn.relu(instance_norm(convolution(x)))
