"""Files of SPADE's published code: their entry names, and every byte of them back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

torch = pytest.importorskip("torch")

from configs import spade as spade_config  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, spade, state_dicts, weights  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator  # noqa: E402
from maskgan_jax.networks.spade.encoder import StyleEncoder  # noqa: E402
from maskgan_jax.networks.spade.generator import SpadeGenerator  # noqa: E402
from maskgan_jax.tasks.task import Network, variable_shapes  # noqa: E402
from maskgan_jax.training.pretrained import load_pretrained  # noqa: E402
from tests.interop.small import assert_same_bytes, save  # noqa: E402
from tests.networks import pytorch_spade as reference  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

IMAGE, CODE = jax.ShapeDtypeStruct((1, 16, 16, 3), jnp.float32), jax.ShapeDtypeStruct((1, 5), jnp.float32)
ONE_HOT, LABELS = jax.ShapeDtypeStruct((1, 16, 16, 19), jnp.float32), jax.ShapeDtypeStruct((1, 16, 16), jnp.uint8)

TINY = {
    "encoder": (StyleEncoder((4, 6), 5), (IMAGE,), lambda: reference.Encoder((4, 6), 5)),
    "generator": (SpadeGenerator(8, (6, 4), 2, 5, 7), (LABELS, CODE), lambda: reference.Generator(8, (6, 4), 2, 5, 7)),
    "discriminator": (
        MultiScaleDiscriminator((4, 5, 6), norm="spectral_instance"), (ONE_HOT, IMAGE),
        lambda: reference.Discriminator((4, 5, 6)),
    ),
}  # fmt: skip
"""By function of entry names: our network, what it takes, and the same in PyTorch."""

CONVOLUTION = ("weight", "bias")
SPECTRAL = ("weight_orig", "weight_u", "weight_v")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize("function", TINY)
def test_what_was_read_is_written_with_the_same_bytes(function, tmp_path):
    module, inputs, in_pytorch = TINY[function]
    network = Network(module, inputs, entry_names=f"maskgan_jax.interop.spade:{function}")
    given = reference.randomise(in_pytorch(), seed=0).state_dict()

    variables, unused = weights.load(save(given, tmp_path / "in.pth"), function, network)
    mapping = entries.mapping_of(function, network)
    state_dicts.write(tmp_path / "out.pth", weights.to_state_dict(variables, unused, mapping))

    assert_same_bytes(tmp_path / "out.pth", given)


def names(layer: str, *entries: str) -> set[str]:
    return {f"{layer}.{entry}" for entry in entries}


def found(mapping: entries.Mapping) -> set[str]:
    return {entry.name for entry in mapping}


def norm(name: str) -> set[str]:
    layers = set().union(*(names(f"{name}.{part}", *CONVOLUTION) for part in ("mlp_shared.0", "mlp_gamma", "mlp_beta")))
    return layers | names(f"{name}.param_free_norm", *STATISTICS)


def block(name: str, has_skip: bool) -> set[str]:
    main = names(f"{name}.conv_0", *SPECTRAL, "bias") | names(f"{name}.conv_1", *SPECTRAL, "bias")
    skip = names(f"{name}.conv_s", *SPECTRAL) | norm(f"{name}.norm_s")
    return main | norm(f"{name}.norm_0") | norm(f"{name}.norm_1") | (skip if has_skip else set())


def test_entries_of_the_published_generator():
    same = block("head_0", False) | block("G_middle_0", False) | block("G_middle_1", False)
    ups = set().union(*(block(f"up_{level}", True) for level in range(4)))

    assert found(spade.generator(SpadeGenerator())) == same | ups | names("fc", *CONVOLUTION) | names(
        "conv_img", *CONVOLUTION
    )


def test_entries_of_the_published_encoder():
    layers = set().union(*(names(f"layer{level}.0", *SPECTRAL) for level in range(1, 7)))

    assert found(spade.encoder(StyleEncoder())) == layers | names("fc_mu", *CONVOLUTION) | names("fc_var", *CONVOLUTION)


def test_entries_of_the_published_discriminator():
    expected = set()
    for scale in range(2):
        for layer in (0, 4):
            expected |= names(f"discriminator_{scale}.model{layer}.0", *CONVOLUTION)
        for layer in (1, 2, 3):
            expected |= names(f"discriminator_{scale}.model{layer}.0.0", *SPECTRAL)

    assert found(spade.discriminator(MultiScaleDiscriminator(norm="spectral_instance"))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["", "quickstart"])
def test_every_array_of_the_tasks_networks_has_an_entry(variant):
    for name, network in tasks.make(spade_config.get_config(variant)).networks.items():
        shapes = traverse_util.flatten_dict(variable_shapes(name, network))
        mapping = entries.mapping_of(name, network)
        assert {entry.path for entry in mapping if isinstance(entry, entries.Entry)} == shapes.keys(), name


@pytest.mark.slow
def test_a_run_begins_with_the_files_that_its_config_names(tmp_path):
    config = tiny_config("spade")
    given = {
        "spade_encoder": reference.Encoder(config.networks.spade_encoder.widths, config.code_size),
        "spade_generator": reference.Generator(8, (4,), 16, config.code_size, 4),
        "spade_discriminator": reference.Discriminator(config.networks.spade_discriminator.widths),
    }
    for name, network in given.items():
        config.init[name] = str(save(reference.randomise(network, seed=0).state_dict(), tmp_path / f"{name}.pth"))

    loaded = load_pretrained(config, tasks.make(config), weights.read_variables)

    for name, layer in (("spade_encoder", "layer1.0"), ("spade_discriminator", "discriminator_1.model1.0.0")):
        kernels = [leaf for leaf in jax.tree.leaves(loaded[name]["params"]) if leaf.ndim == 4]
        expected = given[name].get_parameter(f"{layer}.weight_orig").detach().permute(2, 3, 1, 0).numpy()
        assert any(np.array_equal(kernel, expected) for kernel in kernels)
    mean = loaded["spade_generator"]["batch_stats"]["up_0"]["norm_skip"]["batch_norm"]["mean"]
    np.testing.assert_array_equal(mean, given["spade_generator"].up_0.norm_s.param_free_norm.running_mean)


def test_names_of_the_networks_are_kinds_and_maskgans_stay_its_own():
    assert find_kind("spade_generator").network.module == SpadeGenerator()
    assert find_kind("spade_encoder").config.name == "spade"
    assert {find_kind(kind).config.task for kind in ("generator", "discriminator")} == {"dense_mapping"}
