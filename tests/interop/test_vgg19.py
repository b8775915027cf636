"""VGG19's weights from a file in torchvision's format: what loads, and what is refused in one line."""

import io
import os
import pickle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from configs import dense_mapping  # noqa: E402
from maskgan_jax import starts, tasks  # noqa: E402
from maskgan_jax.errors import UserError  # noqa: E402
from maskgan_jax.interop import vgg19  # noqa: E402
from maskgan_jax.networks.vgg19 import VGG19  # noqa: E402
from tests.networks import pytorch_networks  # noqa: E402

SHAPES = jax.eval_shape(VGG19().init, jax.random.key(0), jnp.zeros((1, 32, 32, 3)))["params"]


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
    """What PyTorch sees in the image."""
    with torch.no_grad():
        maps = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    return [each.permute(0, 2, 3, 1).numpy() for each in maps]


@pytest.fixture(scope="module")
def apply_vgg19():
    return jax.jit(VGG19().apply)


def test_loaded_weights_give_pytorchs_features(file, image, features, apply_vgg19):
    ours = apply_vgg19({"params": vgg19.load(file, SHAPES)}, image)

    for our, their in zip(ours, features, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-4)


def test_loaded_weights_have_the_shapes_asked_for(file):
    params = vgg19.load(file, SHAPES)

    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), params) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), SHAPES
    )


def config_of(path: Path):
    """A tiny run with the perceptual loss on, its weights at `path`."""
    config = dense_mapping.get_config("quickstart")
    config.losses.lambda_percept = 10.0
    config.init.vgg19 = str(path)
    return config


def test_a_task_starts_with_the_files_weights(file, network):
    config = config_of(file)

    start = starts.load(config, tasks.make(config))

    bias = start["vgg19"]["params"]["vgg19"]["conv5_1"]["bias"]
    np.testing.assert_array_equal(bias, network.state_dict()["features.28.bias"].numpy())


def test_missing_file_is_told_with_both_ways_out(tmp_path):
    config = config_of(tmp_path / "none.pth")

    with pytest.raises(UserError, match=r"config\.init\.vgg19: no file at .*none\.pth") as error:
        starts.load(config, tasks.make(config))

    assert "torchvision.models.vgg19(weights='IMAGENET1K_V1')" in str(error.value)
    assert "--config.losses.lambda_percept=0" in str(error.value)


def zeros() -> dict:
    """A whole state dict of zeros; every entry shares one number, so the file is small."""
    with torch.device("meta"):
        shapes = pytorch_networks.VGG19().state_dict()
    return {name: torch.zeros(1).expand(entry.shape) for name, entry in shapes.items()}


def test_zeros_are_a_valid_file(tmp_path):
    torch.save(zeros(), tmp_path / "vgg19.pth")

    assert not any(jnp.any(leaf) for leaf in jax.tree.leaves(vgg19.load(tmp_path / "vgg19.pth", SHAPES)))


@pytest.mark.parametrize(
    ("name", "shape"), [("features.28.weight", (512, 256, 3, 3)), ("features.0.weight", (3, 3, 3, 64))]
)
def test_entry_of_wrong_shape_is_named_with_both_shapes(tmp_path, name, shape):
    right = tuple(zeros()[name].shape)
    torch.save(zeros() | {name: torch.zeros(1).expand(shape)}, tmp_path / "vgg19.pth")

    with pytest.raises(UserError) as error:
        vgg19.load(tmp_path / "vgg19.pth", SHAPES)

    assert f"entry {name} needs shape {right}, found {shape}" in str(error.value)


@pytest.mark.parametrize("name", ["features.0.weight", "features.28.bias"])
def test_missing_entry_is_named(tmp_path, name):
    state_dict = zeros()
    del state_dict[name]
    torch.save(state_dict, tmp_path / "vgg19.pth")

    with pytest.raises(UserError, match=rf"vgg19\.pth: entry {name} needs shape .* found nothing"):
        vgg19.load(tmp_path / "vgg19.pth", SHAPES)


@pytest.mark.parametrize("content", [[1, 2, 3], torch.zeros(3), {"features.0.weight": "text"}])
def test_file_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "vgg19.pth")

    with pytest.raises(UserError, match=r"entry features\.0\.weight .* found nothing"):
        vgg19.load(tmp_path / "vgg19.pth", SHAPES)


def assert_refused_in_one_line(path: Path, content: bytes):
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a file of weights") as error:
        vgg19.load(path, SHAPES)
    assert "\n" not in str(error.value)


def test_random_bytes_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert_refused_in_one_line(tmp_path / "vgg19.pth", rng.bytes(64))


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_truncated_file_is_refused_wherever_it_ends(tmp_path, is_zip):
    buffer = io.BytesIO()
    torch.save({"features.0.weight": torch.ones(64, 3, 3, 3)}, buffer, _use_new_zipfile_serialization=is_zip)
    whole = buffer.getvalue()

    for length in [*range(0, 400, 5), len(whole) // 2, len(whole) - 1]:
        assert_refused_in_one_line(tmp_path / "vgg19.pth", whole[:length])


class Payload:
    """Unpickled without care, it makes a directory."""

    def __init__(self, directory: Path):
        self.directory = directory

    def __reduce__(self):
        return os.mkdir, (str(self.directory),)


def as_bare_pickle(content, path: Path):
    path.write_bytes(pickle.dumps(content, protocol=2))


def as_zip(content, path: Path):
    torch.save(content, path)


def as_legacy(content, path: Path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [as_bare_pickle, as_zip, as_legacy])
def test_malicious_pickle_is_refused_and_not_executed(tmp_path, write):
    made = tmp_path / "made"
    write({"features.0.weight": Payload(made)}, tmp_path / "vgg19.pth")

    with pytest.raises(UserError, match="not a file of weights"):
        vgg19.load(tmp_path / "vgg19.pth", SHAPES)

    assert not made.exists()


def test_the_payload_is_live(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "made"), protocol=2))

    assert (tmp_path / "made").is_dir()
