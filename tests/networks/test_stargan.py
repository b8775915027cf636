"""StarGAN's networks: parameter counts of the published ones, and agreement with PyTorch in float64."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

torch = pytest.importorskip("torch")

from maskgan_jax.interop import entries, stargan, weights  # noqa: E402
from maskgan_jax.networks.stargan.discriminator import AttributeDiscriminator  # noqa: E402
from maskgan_jax.networks.stargan.generator import AttributeGenerator  # noqa: E402
from tests.networks import pytorch_stargan as reference  # noqa: E402

TOLERANCE = {"rtol": 0, "atol": 1e-10}


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True), torch.no_grad():
        yield


def variables_of(network: torch.nn.Module, mapping: entries.Mapping) -> dict:
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return weights.to_variables(arrays, mapping)[0]


def parameters(network: nn.Module, *shapes: tuple[int, ...]) -> int:
    inputs = [jax.ShapeDtypeStruct((1, *shape), jnp.float32) for shape in shapes]
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(network.init, jax.random.key(0), *inputs)))


@pytest.mark.parametrize(("labels", "published"), [(1, 8_417_984), (5, 8_430_528)])
def test_the_generator_has_as_many_parameters_as_the_published_one(labels, published):
    assert parameters(AttributeGenerator(), (64, 64, 3), (labels,)) == published


@pytest.mark.parametrize(
    ("size", "labels", "published"),
    [
        (256, 1, 44_753_856),
        (512, 1, 44_852_160),
        (128, 5, 44_762_048),
        (128, 1, 44_729_280),
        (256, 5, 44_884_928),
    ],
)
def test_the_discriminator_has_as_many_parameters_as_the_published_one(size, labels, published):
    assert parameters(AttributeDiscriminator(labels), (size, size, 3)) == published


def test_the_generator_agrees_with_pytorch():
    theirs = reference.random_weights(reference.Generator(2, (4, 6, 8), 2), seed=0).double()
    ours = AttributeGenerator((4, 6, 8), 2, dtype=jnp.float64)
    rng = np.random.default_rng(0)
    image, labels = rng.normal(size=(3, 16, 16, 3)), rng.random((3, 2))

    variables = variables_of(theirs, stargan.stargan_generator(ours))
    found = jax.jit(ours.apply)(variables, image, labels)
    expected = theirs(torch.from_numpy(image).permute(0, 3, 1, 2), torch.from_numpy(labels))

    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1), **TOLERANCE)
    assert expected.std() > 0.1
    other = jax.jit(ours.apply)(variables, image, 1 - labels)
    assert np.abs(other - found).max() > 0.1, "the labels are read"


def test_the_discriminator_agrees_with_pytorch():
    theirs = reference.random_weights(reference.Discriminator(32, 2, (4, 6, 8)), seed=1).double()
    ours = AttributeDiscriminator(2, (4, 6, 8), dtype=jnp.float64)
    image = np.random.default_rng(0).normal(size=(3, 32, 32, 3))

    found = jax.jit(ours.apply)(variables_of(theirs, stargan.stargan_discriminator(ours)), image)
    patches, logits = theirs(torch.from_numpy(image).permute(0, 3, 1, 2))

    np.testing.assert_allclose(found[0], patches[:, 0], **TOLERANCE)
    np.testing.assert_allclose(found[1], logits, **TOLERANCE)
    assert patches.std() > 0.1
    assert logits.std() > 0.1


def test_weights_begin_within_pytorchs_bounds():
    """Uniform within 1 / sqrt(fan-in), which of a transposed convolution PyTorch counts at its output's channels."""
    generator = AttributeGenerator((16, 24, 32), 1)
    params = jax.jit(generator.init)(jax.random.key(0), jnp.zeros((1, 8, 8, 3)), jnp.zeros((1, 1)))["params"]
    theirs = {
        "stem": torch.nn.Conv2d(4, 16, 7),
        "down_0": torch.nn.Conv2d(16, 24, 4),
        "up_0": torch.nn.ConvTranspose2d(32, 24, 4),
        "up_1": torch.nn.ConvTranspose2d(24, 16, 4),
    }
    for name, layer in theirs.items():
        bound = float(layer.weight.abs().max())
        kernel = np.asarray(params[name]["kernel"])
        assert np.abs(kernel).max() == pytest.approx(bound, rel=0.02), name
        assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.05), name
