"""The forms of the convolutions that XLA's CPU back end computes fastest; times are of 2 cores with AVX2, float32.

Padding is an operation of its own everywhere: the gradient of a kernel takes up to 100 times longer where the
convolution pads by itself (4x4, 256 to 512 channels at 65 px).
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Integer

DIMENSIONS = ("NHWC", "HWIO", "NHWC")

WINOGRAD_CHANNELS = 256
"""Least channels, in and out, for which the saved arithmetic outweighs Winograd's transforms."""

BANDS = 8
"""Bands of rows that `convolve_labels` computes one after another."""


def convolve(x: Array, kernel: Array, strides: int, padding: int) -> Array:
    """Convolve (b h w i) with an HWIO kernel, zero-padding every side."""
    padded = _pad(x, padding)
    if strides == 1 and _winograd_pays(padded, kernel):
        return _winograd(padded, _winograd_kernel(kernel), "bhwi,io->bhwo")
    return _plain(padded, kernel, strides)


def gradients(x: Array, kernel: Array, dy: Array, strides: int, padding: int) -> tuple[Array, Array]:
    """Return the gradients of `convolve` to its input and its kernel, given that to its output."""
    padded = _pad(x, padding)
    if strides == 2:
        dx, dkernel = jax.vjp(_strided_by_phases, padded, kernel)[1](dy)
    else:
        (dkernel,) = jax.vjp(partial(_plain, padded), kernel)[1](dy)
        dx = _input_gradient(kernel, dy)
    h, w = x.shape[1:3]
    return dx[:, padding : padding + h, padding : padding + w], dkernel


def convolve_transposed(x: Array, kernel: Array) -> Array:
    """Transpose a 3x3 or 4x4 convolution of stride 2 and padding 1: the input gradient of that convolution."""
    b, h, w, _ = x.shape
    height, width = (2 * side + len(kernel) - 2 for side in (h, w))
    shape = jax.ShapeDtypeStruct((b, height, width, kernel.shape[-1]), x.dtype)
    (padded,) = jax.linear_transpose(lambda y: _strided_by_phases(y, kernel.swapaxes(2, 3)), shape)(x)
    return padded[:, 1 : 2 * h + 1, 1 : 2 * w + 1]


def transposed_gradients(x: Array, kernel: Array, dy: Array) -> tuple[Array, Array]:
    """Return the gradients of `convolve_transposed`: `dy` through the strided convolution; its kernel's gradient."""
    after = len(kernel) - 3
    padded, swapped = jnp.pad(dy, ((0, 0), (1, after), (1, after), (0, 0))), kernel.swapaxes(2, 3)
    (dkernel,) = jax.vjp(partial(_strided_by_phases, padded), swapped)[1](x)
    return _plain(padded, swapped, strides=2), dkernel.swapaxes(2, 3)


def convolve_labels(labels: Integer[Array, "b h w"], kernel: Float[Array, "k k i o"]) -> Float[Array, "b H W o"]:
    """Convolve the one-hot form of label maps without padding: a sum of rows that the labels choose.

    Computed by bands of rows, for XLA fuses the look-ups of all taps only inside of a loop, whatever reads the result.
    """
    size = len(kernel)
    h, w = (length - size + 1 for length in labels.shape[1:])
    band = h // math.gcd(h, BANDS)
    taps = [(row, column) for row in range(size) for column in range(size)]

    def add_band(place: Array, y: Array) -> Array:
        read = lax.dynamic_slice_in_dim(labels, place * band, band + size - 1, axis=1)
        rows = sum(
            kernel[row, column].at[read[:, row : row + band, column : column + w]].get(mode="promise_in_bounds")
            for row, column in taps
        )
        return lax.dynamic_update_slice_in_dim(y, rows, place * band, axis=1)

    y = jnp.zeros((labels.shape[0], h, w, kernel.shape[-1]), kernel.dtype)
    return lax.fori_loop(0, h // band, add_band, y)


def _plain(padded: Array, kernel: Array, strides: int = 1) -> Array:
    return lax.conv_general_dilated(padded, kernel, (strides, strides), "VALID", dimension_numbers=DIMENSIONS)


def _input_gradient(kernel: Array, dy: Array) -> Array:
    """Return the gradient to the padded input of a convolution of stride 1."""
    padded = _pad(dy, len(kernel) - 1)
    if _winograd_pays(padded, kernel):
        flipped = [[row[place] for place in (3, 1, 2, 0)] for row in _winograd_kernel(kernel)]
        return _winograd(padded, [flipped[place] for place in (3, 1, 2, 0)], "bhwo,io->bhwi")
    return _plain(padded, kernel[::-1, ::-1].swapaxes(2, 3))


def _pad(x: Array, width: int) -> Array:
    return jnp.pad(x, ((0, 0), (width, width), (width, width), (0, 0)))


def _strided_by_phases(padded: Array, kernel: Array) -> Array:
    """Convolve with stride 2 as a sum of convolutions of stride 1: even and odd rows and columns, each with its taps.

    Its gradients have no holes: 0.40 instead of 0.83 s (3x3, 64 to 128 channels at 512 px), 0.11 instead of 0.40 s
    (4x4, 22 to 64).
    """
    _, h, w, _ = padded.shape
    size = len(kernel)
    height, width = ((length - size) // 2 + 1 for length in (h, w))
    even = jnp.pad(padded, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
    phases = ((row, column) for row in range(min(2, size)) for column in range(min(2, size)))
    return sum(
        _plain(even[:, row::2, column::2], kernel[row::2, column::2])[:, :height, :width] for row, column in phases
    )


def _winograd_pays(padded: Array, kernel: Array) -> bool:
    _, h, w, _ = padded.shape
    return len(kernel) == 3 and h % 2 == w % 2 == 0 and min(kernel.shape[2:]) >= WINOGRAD_CHANNELS


def _winograd(padded: Array, kernel: list[list[Array]], product: str) -> Array:
    """Convolve 3x3 by Winograd's F(2x2, 3x3) (Lavin and Gray, CVPR 2016): 16 products instead of 36 for four pixels.

    Args:
      padded: (b h+2 w+2 i), h and w even.
      kernel: 4 x 4 matrices, see `_winograd_kernel`.
      product: of a pixel's channels and such a matrix, for `jnp.einsum`.
    """

    def input_transform(a: Array, b: Array, c: Array, d: Array) -> list[Array]:
        return [a - c, b + c, c - b, b - d]

    def output_transform(a: Array, b: Array, c: Array, d: Array) -> list[Array]:
        return [a + b + c, b - c - d]

    b, h, w, _ = padded.shape
    rows = input_transform(*(padded[:, start : start + h - 3 : 2] for start in range(4)))
    tiles = [input_transform(*(row[:, :, start : start + w - 3 : 2] for start in range(4))) for row in rows]
    products = [
        [jnp.einsum(product, tile, matrix) for tile, matrix in zip(*pair, strict=True)]
        for pair in zip(tiles, kernel, strict=True)
    ]
    columns = [output_transform(*row) for row in products]
    pixels = [output_transform(*(row[place] for row in columns)) for place in range(2)]
    y = jnp.stack([jnp.stack([pixels[column][row] for column in range(2)], 3) for row in range(2)], 2)
    return y.reshape(b, h - 2, w - 2, -1)


def _winograd_kernel(kernel: Float[Array, "3 3 i o"]) -> list[list[Float[Array, "i o"]]]:
    def transform(a: Array, b: Array, c: Array) -> list[Array]:
        return [a, (a + b + c) / 2, (a - b + c) / 2, c]

    rows = transform(*kernel)
    return [transform(*row) for row in rows]
