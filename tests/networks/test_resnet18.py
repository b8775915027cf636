"""ResNet-18 against PyTorch, at small widths, and its size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.resnet18 import ResNet18

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from maskgan_jax.interop import torchvision, weights  # noqa: E402
from tests.networks import pytorch_resnet18  # noqa: E402

WIDTHS = (6, 8, 10)


@pytest.fixture(scope="module")
def images() -> jax.Array:
    return jax.random.uniform(jax.random.key(0), (3, 64, 64, 3), minval=-1, maxval=1)


@pytest.fixture(scope="module")
def reference():
    return randomise(pytorch_resnet18.ResNet18(WIDTHS), seed=0)


@pytest.fixture(scope="module")
def variables(reference) -> dict:
    arrays = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    return jax.device_put(weights.to_variables(arrays, torchvision.resnet18(ResNet18(WIDTHS)))[0])


def in_pytorch(images: jax.Array) -> "torch.Tensor":
    return torch.from_numpy(np.array((images.transpose(0, 3, 1, 2) + 1) / 2))


def test_features_are_those_of_the_pytorch_network(reference, variables, images):
    ours = jax.jit(ResNet18(WIDTHS).apply)(variables, images)
    with torch.no_grad():
        theirs = reference.eval().features(in_pytorch(images)).numpy()
    assert theirs.std() > 0.1, "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_in_training_the_batch_is_normalised_by_its_own_statistics(reference, variables, images):
    ours, _ = jax.jit(lambda *inputs: ResNet18(WIDTHS).apply(*inputs, train=True, mutable=["batch_stats"]))(
        variables, images
    )
    with torch.no_grad():
        theirs = reference.train().features(in_pytorch(images)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_the_published_size_without_a_head_and_with_one_of_four_logits():
    shapes = jax.eval_shape(ResNet18().init, jax.random.key(0), jnp.zeros((1, 224, 224, 3)))
    count = sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))
    assert count == 11_176_512
    assert count + 4 * 512 + 4 == 11_178_564
    theirs = pytorch_resnet18.ResNet18()
    assert count == sum(p.numel() for p in theirs.parameters()) - 1000 * 512 - 1000
