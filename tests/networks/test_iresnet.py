"""IResNet against PyTorch, and its sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.iresnet import IResNet

torch = pytest.importorskip("torch")

from maskgan_jax.interop import insightface, weights  # noqa: E402
from tests.networks import pytorch_iresnet  # noqa: E402

PUBLISHED = (64, 128, 256, 512)


@pytest.mark.parametrize(
    ("blocks", "widths"),
    [((1, 2, 1, 1), (3, 4, 5, 6)), pytest.param((3, 4, 14, 3), PUBLISHED, marks=pytest.mark.slow)],
    ids=["small", "IResNet-50"],
)
def test_embeddings_are_those_of_the_pytorch_network(blocks, widths):
    network = IResNet(blocks, widths)
    reference = pytorch_iresnet.random_iresnet(blocks, widths)
    arrays = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    variables = weights.to_variables(arrays, insightface.iresnet(network))[0]
    images = jax.random.uniform(jax.random.key(0), (2, 112, 112, 3), minval=-1, maxval=1)

    ours = jax.jit(network.apply)(jax.device_put(variables), images)

    with torch.no_grad():
        theirs = reference(torch.from_numpy(np.array(images.transpose(0, 3, 1, 2)))).numpy()
    assert np.abs(theirs[0] - theirs[1]).max() > 0.01 * theirs.std(), "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.std())


@pytest.mark.parametrize(("blocks", "published"), [((3, 4, 14, 3), 43_590_848), ((3, 13, 30, 3), 65_156_160)])
def test_the_published_sizes(blocks, published):
    shapes = jax.eval_shape(IResNet(blocks).init, jax.random.key(0), jnp.zeros((1, 112, 112, 3)))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == published
    with torch.device("meta"):
        assert published == sum(each.numel() for each in pytorch_iresnet.IResNet(blocks).parameters())


@pytest.mark.parametrize("blocks", [(3, 4, 14, 3), (3, 13, 30, 3)])
def test_the_depth_is_that_of_the_file(blocks, tmp_path):
    with torch.device("meta"):
        names = pytorch_iresnet.IResNet(blocks).state_dict()
    torch.save(dict.fromkeys(names, torch.zeros(1)), tmp_path / "backbone.pth")
    assert insightface.iresnet_in(tmp_path / "backbone.pth").blocks == blocks
