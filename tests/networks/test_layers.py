"""Single layers: convolutions against PyTorch with their gradients; norms and the SFT against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.layers import (
    Conv,
    ConvTranspose,
    ResidualBlock,
    UpsampleConv,
    adain,
    average_pool,
    instance_norm,
    max_pool,
)
from maskgan_jax.networks.style_encoder import SpatialFeatureTransform

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def assert_same_with_gradients(layer, torch_layer, weight_axes: tuple[int, ...]):
    """Compares output and gradients to input, kernel and bias, on 2 images of 12 x 9 px with 3 channels to 4.

    `weight_axes` are the places of our kernel's axes (HWIO) in PyTorch's weight.
    """
    torch = pytest.importorskip("torch")
    x, bias = normal(0, 2, 12, 9, 3), normal(1, 4)
    size = 3 if isinstance(layer, UpsampleConv) else layer.kernel_size
    kernel = normal(2, size, size, 3, 4)

    def ours(x, kernel, bias):
        return layer.apply({"params": {"kernel": kernel, "bias": bias}}, x)

    @jax.jit
    def ours_with_gradients(cotangent, *inputs):
        output, vjp = jax.vjp(ours, *inputs)
        return output, *vjp(cotangent)

    torch_x = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    torch_weight = torch.tensor(kernel.transpose(np.argsort(weight_axes)), requires_grad=True)
    torch_bias = torch.tensor(bias, requires_grad=True)
    torch_output = torch_layer(torch_x, torch_weight, torch_bias)
    theirs = torch_output.detach().numpy().transpose(0, 2, 3, 1)
    cotangent = normal(3, *theirs.shape)
    torch_output.backward(torch.tensor(cotangent.transpose(0, 3, 1, 2)))

    output, x_gradient, kernel_gradient, bias_gradient = ours_with_gradients(cotangent, x, kernel, bias)

    np.testing.assert_allclose(output, theirs, **TOLERANCE)
    np.testing.assert_allclose(x_gradient, torch_x.grad.numpy().transpose(0, 2, 3, 1), **TOLERANCE)
    np.testing.assert_allclose(kernel_gradient, torch_weight.grad.numpy().transpose(weight_axes), **TOLERANCE)
    np.testing.assert_allclose(bias_gradient, torch_bias.grad.numpy(), **TOLERANCE)


CONV_AXES = (2, 3, 1, 0)  # Conv2d has OIHW
CONV_TRANSPOSE_AXES = (2, 3, 0, 1)  # ConvTranspose2d has IOHW


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (4, 1, 2), (4, 2, 2), (3, 2, 1), (3, 1, 1)])
def test_zero_padded_convolution_is_pytorchs(kernel, stride, padding):
    F = pytest.importorskip("torch.nn.functional")
    assert_same_with_gradients(
        Conv(4, kernel, stride, padding),
        lambda x, weight, bias: F.conv2d(x, weight, bias, stride, padding),
        CONV_AXES,
    )


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(7, 1, 3), (4, 2, 1), (3, 1, 1)])
def test_reflect_padded_convolution_is_pytorchs(kernel, stride, padding):
    F = pytest.importorskip("torch.nn.functional")
    assert_same_with_gradients(
        Conv(4, kernel, stride, padding, pad_mode="reflect"),
        lambda x, weight, bias: F.conv2d(F.pad(x, (padding,) * 4, mode="reflect"), weight, bias, stride),
        CONV_AXES,
    )


@pytest.mark.parametrize(("kernel", "output_padding"), [(3, 1), (4, 0)])
def test_transposed_convolution_is_pytorchs(kernel, output_padding):
    F = pytest.importorskip("torch.nn.functional")
    assert_same_with_gradients(
        ConvTranspose(4, kernel),
        lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, 2, 1, output_padding),
        CONV_TRANSPOSE_AXES,
    )


def test_upsampling_convolution_is_nearest_then_replicate_pad_then_convolution():
    F = pytest.importorskip("torch.nn.functional")

    def doubled(x, weight, bias):
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, bias)

    assert_same_with_gradients(UpsampleConv(4), doubled, CONV_AXES)


FAINT = 0.01
"""Scale of an input whose variance, 1e-4, makes the epsilon of 1e-5 show."""


def test_instance_norm_is_pytorchs():
    torch = pytest.importorskip("torch")
    x = FAINT * normal(0, 2, 6, 5, 3) + 0.5

    theirs = torch.nn.functional.instance_norm(torch.tensor(x.transpose(0, 3, 1, 2)))

    np.testing.assert_allclose(instance_norm(jnp.asarray(x)), theirs.numpy().transpose(0, 2, 3, 1), **TOLERANCE)


def test_instance_norm_by_hand():
    # One channel of four pixels: mean 2, biased variance 5; the other has variance 0 and only epsilon below the line.
    x = jnp.array([[-1.0, 1.0], [3.0, 5.0]])[None, :, :, None]
    x = jnp.concatenate([x, jnp.full_like(x, 7.0)], axis=-1)

    y = instance_norm(x)

    np.testing.assert_allclose(y[0, :, :, 0], np.array([[-3, -1], [1, 3]]) / np.sqrt(5 + 1e-5), rtol=1e-6)
    np.testing.assert_array_equal(y[0, :, :, 1], 0)


def test_instance_norm_takes_its_statistics_in_float32():
    # Near 200 neighbouring bfloat16 numbers are 1 apart and a sum over 1024 pixels would stop growing long before.
    x = jnp.asarray(200 + np.arange(1024).reshape(1, 32, 32, 1) % 8, jnp.bfloat16)

    y = instance_norm(x)

    assert y.dtype == jnp.bfloat16
    pixels = np.arange(8) + 200.0
    expected = (pixels - pixels.mean()) / pixels.std()
    np.testing.assert_allclose(y[0, 0, :8, 0].astype(np.float32), expected, atol=0.01)


def test_adain_by_hand():
    z, scale, shift = FAINT * normal(0, 2, 6, 5, 3), normal(1, 2, 3), normal(2, 2, 3)
    expected = np.empty_like(z)
    for image in range(2):
        for channel in range(3):
            pixels = z[image, :, :, channel]
            normalised = (pixels - pixels.mean()) / np.sqrt(pixels.var() + 1e-5)
            expected[image, :, :, channel] = scale[image, channel] * normalised + shift[image, channel]

    styled = adain(jnp.asarray(z), jnp.asarray(scale), jnp.asarray(shift))

    np.testing.assert_allclose(styled, expected, **TOLERANCE)


def test_residual_block_reads_shifts_before_scales():
    # A kernel that copies the middle pixel makes both convolutions the identity: x + AdaIN_2(relu(AdaIN_1(x))) is left.
    x = normal(0, 1, 6, 6, 2)
    identity = jnp.zeros((3, 3, 2, 2)).at[1, 1].set(jnp.eye(2))
    conv = {"kernel": identity, "bias": jnp.zeros(2)}
    shift_1, scale_1, shift_2, scale_2 = ([0.5, -0.25], [2.0, 3.0], [-1.0, 4.0], [0.1, 10.0])

    def styled(z, shift, scale):
        return np.array(scale) * (z - z.mean((1, 2))) / np.sqrt(z.var((1, 2)) + 1e-5) + np.array(shift)

    expected = x + styled(np.maximum(styled(x, shift_1, scale_1), 0), shift_2, scale_2)

    style = jnp.array([[*shift_1, *scale_1, *shift_2, *scale_2]])
    y = ResidualBlock().apply({"params": {"conv_0": conv, "conv_1": conv}}, jnp.asarray(x), style)

    np.testing.assert_allclose(y, expected, **TOLERANCE)


def test_spatial_feature_transform_by_hand():
    x, f = normal(0, 2, 4, 5, 3), normal(1, 2, 4, 5, 2)
    names = ("scale_0", "scale_1", "shift_0", "shift_1")
    params = {
        name: {"kernel": normal(seed, 1, 1, 2, outputs), "bias": normal(seed + 10, outputs)}
        for seed, (name, outputs) in enumerate(zip(names, (2, 3, 2, 3), strict=True))
    }

    def modulation(name):
        hidden = f @ params[f"{name}_0"]["kernel"][0, 0] + params[f"{name}_0"]["bias"]
        hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
        return hidden @ params[f"{name}_1"]["kernel"][0, 0] + params[f"{name}_1"]["bias"]

    y = SpatialFeatureTransform().apply({"params": jax.tree.map(jnp.asarray, params)}, jnp.asarray(x), jnp.asarray(f))

    np.testing.assert_allclose(y, x * modulation("scale") + modulation("shift"), **TOLERANCE)


@pytest.mark.parametrize(("height", "width"), [(8, 9), (1, 2)])
def test_halving_averages_over_real_pixels_only(height, width):
    torch = pytest.importorskip("torch")
    image = normal(0, 1, height, width, 3)

    halved = average_pool(jnp.asarray(image))

    theirs = torch.nn.functional.avg_pool2d(
        torch.tensor(image.transpose(0, 3, 1, 2)), 3, stride=2, padding=1, count_include_pad=False
    )
    np.testing.assert_allclose(halved, theirs.numpy().transpose(0, 2, 3, 1), **TOLERANCE)


def test_max_pool_and_its_gradient_are_pytorchs():
    torch = pytest.importorskip("torch")
    x, cotangent = normal(0, 2, 4, 6, 3), normal(1, 2, 2, 3, 3)

    pooled, backward = jax.vjp(max_pool, jnp.asarray(x))

    torch_x = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    theirs = torch.nn.functional.max_pool2d(torch_x, 2)
    theirs.backward(torch.tensor(cotangent.transpose(0, 3, 1, 2)))
    np.testing.assert_array_equal(pooled, theirs.detach().numpy().transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(backward(cotangent)[0], torch_x.grad.numpy().transpose(0, 2, 3, 1))
