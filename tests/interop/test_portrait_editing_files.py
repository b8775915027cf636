"""Files of mask-guided portrait editing's published code: their entry names, and every byte of them back."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

torch = pytest.importorskip("torch")

from configs import portrait_editing as portrait_editing_config  # noqa: E402
from data_pipeline.errors import UserError  # noqa: E402
from launch.benchmark import pytorch_portrait_editing as reference  # noqa: E402
from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, kinds, portrait_editing, state_dicts, weights  # noqa: E402
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator  # noqa: E402
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder  # noqa: E402
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder  # noqa: E402
from maskgan_jax.networks.portrait_editing.generator import PortraitGenerator  # noqa: E402
from maskgan_jax.networks.portrait_editing.parser_unet import ParserUNet  # noqa: E402
from maskgan_jax.tasks.task import Network, variable_shapes  # noqa: E402
from tests.interop.small import assert_same_bytes, save  # noqa: E402
from tests.networks import pytorch_portrait_editing as judges  # noqa: E402

CLASSES = 19


def array(*shape: int, dtype=jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), dtype)


CODE, IMAGE, DECODER = array(5), array(16, 16, 3), ((2, 3), 6, (4, 5))
GENERATOR = (CLASSES, (4, 5, 6), 7, 2, (6, 5), 4)
GENERATOR_INPUTS = (array(16, 16, dtype=jnp.int32), array(4, 4, 9), IMAGE, array(16, 16, dtype=bool))

TINY = {
    "part_encoder": (
        PartEncoder((4, 6), 5, 7), (array(12, 20, 3),), lambda: reference.PartEncoder((12, 20), (4, 6), 5, 7),
    ),
    "feature_decoder": (
        FeatureDecoder(*DECODER, use_bias=False), (CODE,), lambda: reference.FeatureDecoder(*DECODER, False, 5),
    ),
    "image_decoder": (
        ImageDecoder(*DECODER, use_bias=True), (CODE,), lambda: reference.ImageDecoder(*DECODER, True, 5),
    ),
    "generator": (
        PortraitGenerator(*GENERATOR), GENERATOR_INPUTS, lambda: reference.PortraitGenerator(*GENERATOR, 9),
    ),
    "discriminator": (
        MultiScaleDiscriminator((4, 5, 6), norm="batch"), (array(16, 16, CLASSES), IMAGE),
        lambda: judges.discriminator((4, 5, 6)),
    ),
    "parser": (
        ParserUNet(CLASSES, (4, 5, 6, 7)), (IMAGE,), lambda: judges.ParserUNet(CLASSES, (4, 5, 6, 7)),
    ),
}  # fmt: skip
"""By function of entry names: our network, what it takes, and the same in PyTorch."""


@pytest.mark.parametrize("function", TINY)
def test_what_was_read_is_written_with_the_same_bytes(function, tmp_path):
    module, inputs, in_pytorch = TINY[function]
    network = Network(module, inputs, entry_names=f"maskgan_jax.interop.portrait_editing:{function}")
    given = randomise(in_pytorch(), seed=0).state_dict()

    variables, unused = weights.load(save(given, tmp_path / "in.pth"), function, network)
    mapping = entries.mapping_of(function, network)
    state_dicts.write(tmp_path / "out.pth", weights.to_state_dict(variables, unused, mapping))

    assert_same_bytes(tmp_path / "out.pth", given)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["", pytest.param("quickstart", marks=pytest.mark.long)])
def test_every_array_of_the_tasks_networks_has_an_entry(variant):
    for name, network in tasks.make(portrait_editing_config.get_config(variant)).networks.items():
        shapes = traverse_util.flatten_dict(variable_shapes(name, network))
        mapping = entries.mapping_of(name, network)
        assert {entry.path for entry in mapping if isinstance(entry, entries.Entry)} == shapes.keys(), name


def layers(mapping: entries.Mapping) -> set[str]:
    """The names of the layers that have entries."""
    return {entry.name.rpartition(".")[0] for entry in mapping}


def test_layers_of_the_published_encoders_and_decoders():
    eye_encoder = layers(portrait_editing.part_encoder(PartEncoder((64, 128, 256, 512))))
    skin = layers(portrait_editing.feature_decoder(FeatureDecoder((2, 2), 512, (256,) * 5, use_bias=True)))
    eye_image = layers(portrait_editing.image_decoder(ImageDecoder((2, 3), 512, (256, 128, 64, 64), use_bias=False)))

    heads = {"fc_mu.0", "fc_mu.2", "fc_var.0", "fc_var.2"}
    assert eye_encoder == {f"conv.{level}.{layer}" for level in range(4) for layer in ("conv", "bn")} | heads
    assert skin == {f"conv.{level}.conv.{layer}" for level in range(5) for layer in range(2)} | {"fc.0"}
    assert eye_image == {f"conv.{level}.conv.{layer}" for level in range(4) for layer in range(2)} | {"fc.0", "conv.5"}


def test_layers_of_the_published_generator():
    upwards = {"model.0", "model.10", "model.11", "model.13", "model.14"}
    residual = {f"model.{block}.conv_block.{layer}" for block in range(1, 10) for layer in (1, 2, 5, 6)}
    mask = {f"downsample_model.{layer}" for layer in (1, 2, 4, 5, 7, 8)}
    background = {"bg_encoder.1", "bg_encoder.2", "bg_decoder.0", "bg_decoder.2"}

    assert layers(portrait_editing.generator(PortraitGenerator(11))) == upwards | residual | mask | background


def test_layers_of_the_published_discriminators():
    convolutions = {f"scale{scale}_layer{layer}.0" for scale in range(2) for layer in range(5)}
    norms = {f"scale{scale}_layer{layer}.1" for scale in range(2) for layer in (1, 2, 3)}

    assert layers(portrait_editing.discriminator(MultiScaleDiscriminator(norm="batch"))) == convolutions | norms
    assert layers(portrait_editing.discriminator(MultiScaleDiscriminator())) == convolutions


def test_layers_of_the_published_parser():
    prefixes = ["model.model.", *("model.model.1.model." + "3.model." * deeper for deeper in range(5))]
    places = [(0, 3), *[(1, 2, 5, 6)] * 4, (1, 3, 4)]

    expected = {f"{prefix}{place}" for prefix, of_level in zip(prefixes, places, strict=True) for place in of_level}
    assert "model.model.1.model.3.model.3.model.3.model.3.model.4" in expected
    assert layers(portrait_editing.parser(ParserUNet(11))) == expected


def test_a_decoders_dense_layer_is_unflattened_channel_by_channel():
    network = FeatureDecoder((2, 3), 4, (), use_bias=True)
    channels, rows, columns = np.mgrid[:4, :2, :3].astype(np.float32)
    bias = (100 * channels + 10 * rows + columns).reshape(-1)
    arrays = {"fc.0.weight": np.zeros((24, 5), np.float32), "fc.0.bias": bias}

    variables, _ = weights.to_variables(arrays, portrait_editing.feature_decoder(network))
    features = network.apply(variables, jnp.ones((1, 5)))

    assert features[0, 1, 2].tolist() == [12, 112, 212, 312]


def test_a_function_that_several_networks_share_names_none_of_them(monkeypatch):
    encoder = Network(TINY["part_encoder"][0], TINY["part_encoder"][1], entry_names="a.module:part_encoder")
    parser = Network(TINY["parser"][0], TINY["parser"][1], entry_names="a.module:published_parser")
    networks = {"encoder_left_eye": encoder, "encoder_right_eye": encoder, "parser": parser}
    monkeypatch.setattr(kinds.tasks, "make", lambda config: SimpleNamespace(networks=networks))
    config = kinds.ConfigDict({"name": "portrait_editing", "task": "portrait_editing"})

    assert kinds.find_kind("encoder_right_eye", config).name == "encoder_right_eye"
    assert kinds.find_kind("published_parser", config).name == "parser"
    with pytest.raises(UserError, match=r"no part_encoder; .* are encoder_left_eye, encoder_right_eye, parser"):
        kinds.find_kind("part_encoder", config)
