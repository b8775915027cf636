"""Files of ELEGANT's published code: their entry names, and every byte of them back."""

import numpy as np
import pytest
from flax import traverse_util

torch = pytest.importorskip("torch")

from configs import elegant as elegant_config  # noqa: E402
from data_pipeline.errors import UserError  # noqa: E402
from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, kinds, transfer  # noqa: E402
from maskgan_jax.tasks.task import variable_shapes  # noqa: E402
from tests.interop.small import assert_same_bytes, save  # noqa: E402
from tests.networks import pytorch_elegant as reference  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

WIDTHS, DISCRIMINATOR_WIDTHS = (4, 6, 8), (4, 6)

FILES = {
    "latent_encoder": lambda: reference.Encoder(WIDTHS),
    "residual_decoder": lambda: reference.Decoder(WIDTHS),
    "label_discriminator_1": lambda: reference.Discriminator(2, 64, DISCRIMINATOR_WIDTHS),
    "label_discriminator_2": lambda: reference.Discriminator(2, 32, DISCRIMINATOR_WIDTHS),
}
"""The networks of the published checkpoints, by kind."""


@pytest.fixture
def config():
    config = tiny_config("elegant")
    config.networks.latent_encoder.widths = WIDTHS
    for name in ("label_discriminator_1", "label_discriminator_2"):
        config.networks[name].widths = DISCRIMINATOR_WIDTHS
    return config


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_an_imported_file_is_exported_with_the_same_bytes(kind, config, tmp_path):
    given = randomise(FILES[kind](), seed=0).state_dict()

    transfer.import_model(save(given, tmp_path / "in.pth"), tmp_path / "run", kind, config)
    transfer.export_model(tmp_path / "run", tmp_path / "out.pth", kind)

    assert_same_bytes(tmp_path / "out.pth", given)


def test_a_file_of_another_network_is_refused(config, tmp_path):
    given = FILES["label_discriminator_1"]().state_dict()
    with pytest.raises(UserError, match=r"entry linear\.0\.weight needs shape \(1, 384\), found \(1, 1536\)"):
        transfer.import_model(save(given, tmp_path / "in.pth"), tmp_path / "run", "label_discriminator_2", config)


def test_entries_are_those_of_the_published_code():
    config = elegant_config.get_config()
    shapes = {}
    for kind in FILES:
        name, network, _ = kinds.find_kind(kind, config)
        ours = traverse_util.flatten_dict(variable_shapes(name, network))
        mapping = entries.mapping_of(name, network)
        assert {entry.path for entry in mapping} == ours.keys()
        shapes[kind] = {entry.name: entry.layout.to_theirs(np.empty(ours[entry.path].shape)).shape for entry in mapping}
    for kind, theirs in {
        "latent_encoder": reference.Encoder((64, 128, 256, 512, 512)),
        "residual_decoder": reference.Decoder((64, 128, 256, 512, 512)),
        "label_discriminator_1": reference.Discriminator(2, 256, (64, 128, 256, 512)),
        "label_discriminator_2": reference.Discriminator(2, 128, (64, 128, 256, 512)),
    }.items():
        assert shapes[kind] == {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    assert set(shapes["residual_decoder"]) == {
        *(f"main.{level}.{layer}" for level in range(4) for layer in ("0.weight", "0.bias", "1.alpha", "1.beta")),
        "main.4.0.weight", "main.4.0.bias",
    }  # fmt: skip
    assert {name for name in shapes["label_discriminator_2"] if name.startswith("conv.9")} == {
        "conv.9.weight", "conv.9.bias",
    }  # fmt: skip
    assert tasks.make(config).networks["label_discriminator_2"].module.half_size
