"""Convolutions, each computed in the form that is fastest where it runs; NHWC images, HWIO kernels.

The form is chosen when the computation is lowered, so an export for several platforms carries each platform's own. The
gradients are given by hand only to choose their form; they keep input and kernel and nothing else.
"""

from functools import partial

import jax
from jax import lax
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks import cpu_convolution


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve(
    x: Float[Array, "b h w i"], kernel: Float[Array, "k k i o"], strides: int, padding: int
) -> Float[Array, "b H W o"]:
    """Convolve images, zero-padding every side by `padding`."""
    on_cpu = partial(cpu_convolution.convolve, strides=strides, padding=padding)
    return lax.platform_dependent(x, kernel, cpu=on_cpu, default=partial(_convolve, strides=strides, padding=padding))


def _convolve(x: Array, kernel: Array, strides: int, padding: int) -> Array:
    return lax.conv_general_dilated(
        x, kernel, (strides, strides), ((padding, padding),) * 2, None, None, cpu_convolution.DIMENSIONS
    )


def _convolve_forward(x, kernel, strides, padding):
    return convolve(x, kernel, strides, padding), (x, kernel)


def _convolve_backward(strides, padding, inputs, gradient):
    settings = {"strides": strides, "padding": padding}
    return lax.platform_dependent(
        *inputs,
        gradient,
        cpu=partial(cpu_convolution.gradients, **settings),
        default=lambda x, kernel, dy: jax.vjp(partial(_convolve, **settings), x, kernel)[1](dy),
    )


convolve.defvjp(_convolve_forward, _convolve_backward)


@jax.custom_vjp
def convolve_transposed(x: Float[Array, "b h w i"], kernel: Float[Array, "k k i o"]) -> Float[Array, "b 2*h 2*w o"]:
    """Apply the transposed 3x3 or 4x4 convolution that doubles the size: stride 2, padding 1.

    The output padding, which gives a 3x3 kernel its last row and column, is 1 for that kernel and 0 for a 4x4 one.
    The kernel has PyTorch's orientation: entry (y, x) of `ConvTranspose2d`'s weight is entry (y, x) here.
    """
    return lax.platform_dependent(x, kernel, cpu=cpu_convolution.convolve_transposed, default=_convolve_transposed)


def _convolve_transposed(x: Array, kernel: Array) -> Array:
    flipped = kernel[::-1, ::-1]
    padding = ((len(kernel) - 2, 2),) * 2
    return lax.conv_general_dilated(x, flipped, (1, 1), padding, (2, 2), None, cpu_convolution.DIMENSIONS)


def _convolve_transposed_forward(x, kernel):
    return convolve_transposed(x, kernel), (x, kernel)


def _convolve_transposed_backward(inputs, gradient):
    return lax.platform_dependent(
        *inputs,
        gradient,
        cpu=cpu_convolution.transposed_gradients,
        default=lambda x, kernel, dy: jax.vjp(_convolve_transposed, x, kernel)[1](dy),
    )


convolve_transposed.defvjp(_convolve_transposed_forward, _convolve_transposed_backward)


@jax.custom_vjp
def convolve_labels(labels: Integer[Array, "b h w"], kernel: Float[Array, "k k i o"]) -> Float[Array, "b H W o"]:
    """Convolve the one-hot form of label maps, whose labels are less than i, without padding.

    On a CPU every kernel tap is a row looked up by the label: 1/i of the arithmetic (4.5 times as fast for a 7x7 kernel
    from 19 classes to 64 channels at 512 px).
    """
    return lax.platform_dependent(labels, kernel, cpu=cpu_convolution.convolve_labels, default=_convolve_labels)


def _convolve_labels(labels: Array, kernel: Array) -> Array:
    # XLA's TPU compiler (libtpu 0.0.52) would move its split of the image through the comparison, where it crashes.
    one_hot = lax.optimization_barrier(jax.nn.one_hot(labels, kernel.shape[2], dtype=kernel.dtype))
    return _convolve(one_hot, kernel, strides=1, padding=0)


def _convolve_labels_forward(labels, kernel):
    return convolve_labels(labels, kernel), (labels, kernel)


def _convolve_labels_backward(inputs, gradient):
    labels, kernel = inputs
    (kernel_gradient,) = jax.vjp(partial(_convolve_labels, labels), kernel)[1](gradient)
    return None, kernel_gradient


convolve_labels.defvjp(_convolve_labels_forward, _convolve_labels_backward)
