"""Means, biases and norms of channels against plain forms differentiated by JAX, in float64."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from maskgan_jax.networks.batch_norm import BatchNorm
from maskgan_jax.networks.channels import add_bias, channel_means, pixel_means
from maskgan_jax.networks.normalisation import EPSILON, adain

SHAPE = (2, 6, 5, 3)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def normal(seed: int, *shape: int) -> jax.Array:
    return 2 + 3 * jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def assert_same_with_gradients(ours: Callable, theirs: Callable, *inputs: jax.Array):
    """Compares a function of arrays, and the gradients to all of them of a weighted sum of its result."""

    def with_gradients(function):
        y, pull_back = jax.vjp(function, *inputs)
        return y, *pull_back(normal(9, *y.shape))

    for ours_, theirs_ in zip(jax.jit(lambda: with_gradients(ours))(), with_gradients(theirs), strict=True):
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-9, atol=1e-9)


def test_means():
    x = normal(0, *SHAPE)

    np.testing.assert_allclose(jax.jit(pixel_means)(x), np.mean(x, axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(jax.jit(channel_means)(x), np.mean(x, axis=(0, 1, 2)), rtol=1e-12)


def test_a_bias_and_its_gradient():
    assert_same_with_gradients(add_bias, jnp.add, normal(0, *SHAPE), normal(1, 3))


def test_a_bias_in_half_precision_has_a_gradient_summed_in_float32():
    # 1,024 gradients of 1, of which bfloat16 would stop adding at 256.
    with jax.enable_x64(False):
        x, bias = jnp.zeros((1, 32, 32, 1), jnp.bfloat16), jnp.zeros(1, jnp.bfloat16)
        gradient = jax.grad(lambda bias: add_bias(x, bias).astype(jnp.float32).sum())(bias)

    assert (gradient.dtype, float(gradient[0])) == (jnp.bfloat16, 1024)


def test_adain():
    def plain(z, scale, shift):
        mean, variance = z.mean((1, 2), keepdims=True), z.var((1, 2), keepdims=True)
        return scale[:, None, None] * (z - mean) / jnp.sqrt(variance + EPSILON) + shift[:, None, None]

    assert_same_with_gradients(adain, plain, normal(0, *SHAPE), normal(1, 2, 3), normal(2, 2, 3))


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_is_flaxs(train: bool):
    ours, theirs = BatchNorm(0.8, 1e-3, jnp.float64), nn.BatchNorm(not train, momentum=0.8, epsilon=1e-3)
    statistics = {"mean": normal(3, 3), "var": jnp.abs(normal(4, 3))}

    def apply(function):
        def run(x, scale, bias):
            variables = {"params": {"scale": scale, "bias": bias}, "batch_stats": statistics}
            y, updated = function(variables, x)
            after = updated["batch_stats"]
            return jnp.concatenate([y.ravel(), jax.lax.stop_gradient(jnp.concatenate([after["mean"], after["var"]]))])

        return run

    assert_same_with_gradients(
        apply(lambda variables, x: ours.apply(variables, x, train, mutable=["batch_stats"])),
        apply(lambda variables, x: theirs.apply(variables, x, mutable=["batch_stats"])),
        normal(0, *SHAPE),
        normal(1, 3),
        normal(2, 3),
    )


def test_batch_norm_takes_its_statistics_in_float32():
    # Near 200 neighbouring bfloat16 numbers are 1 apart and a sum over 1024 pixels would stop growing long before.
    pixels = np.arange(8) + 200.0
    with jax.enable_x64(False):
        x = jnp.asarray(np.resize(pixels, (1, 32, 32, 1)), jnp.bfloat16)
        norm = BatchNorm(dtype=jnp.bfloat16)
        y, _ = norm.apply(norm.init(jax.random.key(0), x, True), x, True, mutable=["batch_stats"])

    assert y.dtype == jnp.bfloat16
    np.testing.assert_allclose(y[0, 0, :8, 0].astype(np.float32), (pixels - pixels.mean()) / pixels.std(), atol=0.02)
