"""Inception-v3 against PyTorch, and its size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.inception_v3 import InceptionV3, scale

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from maskgan_jax.interop import pytorch_fid, weights  # noqa: E402
from tests.networks import pytorch_inception_v3  # noqa: E402


@pytest.mark.slow
def test_features_are_those_of_the_pytorch_network():
    reference = randomise(pytorch_inception_v3.InceptionV3(), seed=0)
    arrays = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    variables = weights.to_variables(arrays, pytorch_fid.inception_v3(InceptionV3()))[0]
    images = jax.random.uniform(jax.random.key(0), (2, 64, 48, 3), minval=-1, maxval=1)

    ours = jax.jit(InceptionV3().apply)(jax.device_put(variables), images)

    with torch.no_grad():
        theirs = reference(torch.from_numpy(np.array((images.transpose(0, 3, 1, 2) + 1) / 2))).numpy()
    assert np.abs(theirs[0] - theirs[1]).max() > 0.01 * theirs.max(), "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.max())


@pytest.mark.parametrize("shape", [(512, 400), (64, 48)])
def test_photos_are_scaled_down_and_up_as_pytorch_does_without_antialiasing(shape):
    images = jax.random.uniform(jax.random.key(1), (1, *shape, 3), minval=-1, maxval=1)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(np.array(images.transpose(0, 3, 1, 2))), (299, 299), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(scale(images), theirs.permute(0, 2, 3, 1).numpy(), atol=1e-5)


def test_the_published_size():
    shapes = jax.eval_shape(InceptionV3().init, jax.random.key(0), jnp.zeros((1, 64, 64, 3)))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == 21_785_568
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["batch_stats"])) == 34_432
