"""VGG19's weights from a file in torchvision's format, or from the folder of its import, as a run begins with them."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from configs import dense_mapping  # noqa: E402
from data_pipeline.errors import UserError  # noqa: E402
from launch.benchmark import pytorch_networks  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import weights  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.interop.transfer import import_model  # noqa: E402
from maskgan_jax.networks.vgg19 import VGG19  # noqa: E402
from maskgan_jax.training.pretrained import load_pretrained  # noqa: E402

NETWORK = find_kind("vgg19").network
SHAPES = jax.eval_shape(VGG19().init, jax.random.key(0), jnp.zeros((1, 32, 32, 3)))["params"]


def load(path: Path) -> dict:
    """Return the parameters of a file."""
    return weights.read_variables(path, "vgg19", NETWORK)["params"]


@pytest.fixture(scope="module")
def network():
    return pytorch_networks.randomise(pytorch_networks.VGG19(), seed=0)


@pytest.fixture(scope="module", params=["zip", "legacy"])
def file(request, network, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / "vgg19.pth"
    not_read = {"classifier.6.bias": torch.zeros(1000)}
    torch.save(network.state_dict() | not_read, path, _use_new_zipfile_serialization=request.param == "zip")
    return path


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def features(network, image) -> list[np.ndarray]:
    """PyTorch's features of the image."""
    with torch.no_grad():
        maps = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    return [each.permute(0, 2, 3, 1).numpy() for each in maps]


@pytest.fixture(scope="module")
def apply_vgg19():
    return jax.jit(VGG19().apply)


def test_loaded_weights_give_pytorchs_features(file, image, features, apply_vgg19):
    ours = apply_vgg19({"params": load(file)}, image)

    for our, their in zip(ours, features, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-4)


def test_loaded_weights_have_the_shapes_asked_for(file):
    params = load(file)

    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), params) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), SHAPES
    )


def config_of(path: Path):
    """A tiny run with the perceptual loss on, its weights at `path`."""
    config = dense_mapping.get_config("quickstart")
    config.losses.lambda_percept = 10.0
    config.init.vgg19 = str(path)
    return config


def test_a_run_begins_with_the_weights_of_a_file(file, network):
    config = config_of(file)

    variables = load_pretrained(config, tasks.make(config), weights.read_variables)

    bias = variables["vgg19"]["params"]["conv5_1"]["bias"]
    np.testing.assert_array_equal(bias, network.state_dict()["features.28.bias"].numpy())


def test_a_run_begins_with_the_weights_of_an_imported_folder(file, network, tmp_path):
    import_model(file, tmp_path / "vgg19", "vgg19")
    config = config_of(tmp_path / "vgg19")

    variables = load_pretrained(config, tasks.make(config), weights.read_variables)

    bias = variables["vgg19"]["params"]["conv5_1"]["bias"]
    np.testing.assert_array_equal(bias, network.state_dict()["features.28.bias"].numpy())


def test_a_missing_file_names_both_remedies(tmp_path):
    config = config_of(tmp_path / "none.pth")

    with pytest.raises(UserError, match=r"config\.init\.vgg19: no trained run at .*none\.pth") as error:
        load_pretrained(config, tasks.make(config), weights.read_variables)

    assert "torchvision.models.vgg19(weights='IMAGENET1K_V1')" in str(error.value)
    assert "--config.losses.lambda_percept=0" in str(error.value)


def zeros() -> dict:
    """A whole state dict of zeros; every entry shares one number, so the file is small."""
    with torch.device("meta"):
        shapes = pytorch_networks.VGG19().state_dict()
    return {name: torch.zeros(1).expand(entry.shape) for name, entry in shapes.items()}


def test_zeros_are_a_valid_file(tmp_path):
    torch.save(zeros(), tmp_path / "vgg19.pth")

    assert not any(jnp.any(leaf) for leaf in jax.tree.leaves(load(tmp_path / "vgg19.pth")))


@pytest.mark.parametrize(
    ("name", "shape"), [("features.28.weight", (512, 256, 3, 3)), ("features.0.weight", (3, 3, 3, 64))]
)
def test_entry_of_wrong_shape_is_named_with_both_shapes(tmp_path, name, shape):
    right = tuple(zeros()[name].shape)
    torch.save(zeros() | {name: torch.zeros(1).expand(shape)}, tmp_path / "vgg19.pth")

    with pytest.raises(UserError) as error:
        load(tmp_path / "vgg19.pth")

    assert f"entry {name} needs shape {right}, found {shape}" in str(error.value)


@pytest.mark.parametrize("name", ["features.0.weight", "features.28.bias"])
def test_missing_entry_is_named(tmp_path, name):
    state_dict = zeros()
    del state_dict[name]
    torch.save(state_dict, tmp_path / "vgg19.pth")

    with pytest.raises(UserError, match=rf"vgg19\.pth: .*entry {name} is missing, shape \("):
        load(tmp_path / "vgg19.pth")
