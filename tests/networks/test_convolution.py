"""Every platform's form of a convolution against the plain convolution, with gradients, in float64."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from maskgan_jax.networks import convolution, cpu_convolution


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def normal(seed: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def plain(x, kernel, strides, padding):
    """The convolution as XLA has it, differentiated by JAX."""
    dimensions = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (strides, strides), ((padding, padding),) * 2, None, None, dimensions)


def plain_transposed(x, kernel):
    """The input gradient of a 3x3 or 4x4 convolution of stride 2 and padding 1."""
    b, h, w, _ = x.shape
    shape = jax.ShapeDtypeStruct((b, 2 * h, 2 * w, kernel.shape[-1]), x.dtype)
    return jax.linear_transpose(lambda y: plain(y, kernel.swapaxes(2, 3), 2, 1), shape)(x)[0]


def assert_same_with_gradients(ours: Callable, theirs: Callable, *inputs: jax.Array):
    """Compares a function of arrays and the gradients to all of them."""

    def with_gradients(function):
        output, vjp = jax.vjp(function, *inputs)
        return output, *vjp(normal(9, *output.shape))

    for our, their in zip(jax.jit(with_gradients, static_argnums=0)(ours), with_gradients(theirs), strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("height", "width"), [(12, 10), (11, 13)])
@pytest.mark.parametrize("size", [1, 3, 4, 7])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", [0, 2])
def test_a_convolution(height, width, size, strides, padding):
    assert_same_with_gradients(
        lambda x, kernel: convolution.convolve(x, kernel, strides, padding),
        lambda x, kernel: plain(x, kernel, strides, padding),
        normal(0, 2, height, width, 3),
        normal(1, size, size, 3, 4),
    )


@pytest.mark.parametrize("padding", [0, 1])
def test_winograds_convolution(monkeypatch, padding):
    monkeypatch.setattr(cpu_convolution, "WINOGRAD_CHANNELS", 3)
    monkeypatch.setattr(cpu_convolution, "_plain", None)  # would be called if Winograd's were not
    x, kernel = normal(0, 2, 8, 6, 3), normal(1, 3, 3, 3, 4)

    np.testing.assert_allclose(
        cpu_convolution.convolve(x, kernel, 1, padding), plain(x, kernel, 1, padding), rtol=1e-10
    )


def test_winograds_gradients(monkeypatch):
    monkeypatch.setattr(cpu_convolution, "WINOGRAD_CHANNELS", 3)
    assert_same_with_gradients(
        lambda x, kernel: convolution.convolve(x, kernel, 1, 1),
        lambda x, kernel: plain(x, kernel, 1, 1),
        normal(0, 2, 8, 6, 3),
        normal(1, 3, 3, 3, 4),
    )


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("form", [convolution.convolve_transposed, convolution._convolve_transposed])
def test_a_transposed_convolution(form, size):
    assert_same_with_gradients(form, plain_transposed, normal(0, 2, 5, 6, 3), normal(1, size, size, 3, 4))


@pytest.mark.parametrize("form", [convolution.convolve_labels, convolution._convolve_labels])
@pytest.mark.parametrize("height", [14, 13])
def test_a_convolution_of_label_maps_is_that_of_their_one_hot_form(form, height):
    labels = jnp.asarray(np.random.default_rng(0).integers(0, 19, (2, height, 11)), jnp.uint8)
    one_hot = jax.nn.one_hot(labels, 19, dtype=float)

    assert_same_with_gradients(
        lambda kernel: form(labels, kernel), lambda kernel: plain(one_hot, kernel, 1, 0), normal(1, 7, 7, 19, 4)
    )


def test_an_export_for_two_platforms_carries_both_forms():
    exported = jax.export.export(jax.jit(convolution.convolve_labels), platforms=("cpu", "tpu"))
    text = exported(
        jax.ShapeDtypeStruct((1, 14, 14), jnp.uint8), jax.ShapeDtypeStruct((7, 7, 19, 4), float)
    ).mlir_module()

    assert "gather" in text
    assert "stablehlo.convolution" in text


def test_a_computation_for_one_platform_carries_one_form():
    lowered = jax.jit(convolution.convolve_labels).lower(jnp.zeros((1, 14, 14), jnp.uint8), normal(1, 7, 7, 19, 4))

    assert "gather" in lowered.as_text()
    assert "convolution" not in lowered.as_text()
