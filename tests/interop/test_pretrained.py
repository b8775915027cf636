"""EBST begins with imported networks instead of those of training runs."""

from functools import partial

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from data_pipeline.errors import UserError  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.inference.models import load_network  # noqa: E402
from maskgan_jax.interop import weights  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.interop.transfer import import_model  # noqa: E402
from maskgan_jax.tasks.task import init_state  # noqa: E402
from maskgan_jax.training.pretrained import load_pretrained  # noqa: E402
from tests.interop.small import mapping_of, reference, save, small_config  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

IMPORTED = ("generator", "mask_vae", "blender", "discriminator")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with an imported model of every network of EBST."""
    folder = tmp_path_factory.mktemp("models")
    for seed, kind in enumerate(IMPORTED):
        config = small_config(kind)
        file = save(reference(kind, config, seed).state_dict(), folder / f"{kind}.pth")
        import_model(file, folder / kind, kind, config)
    return folder


@pytest.fixture
def config(models):
    """EBST from the two networks that the authors published."""
    config = tiny_config("ebst")
    config.init.mask_vae = str(models / "mask_vae")
    config.init.dense_mapping = str(models / "generator")
    return config


def begin(config):
    """Return the state of step 0."""
    task = tasks.make(config)
    variables = load_pretrained(config, task, weights.read_variables)
    return jax.jit(partial(init_state, task))(jax.random.key(0), variables)


def is_imported(state, kind: str) -> bool:
    """Return whether the state holds the weights of `models`."""
    small = small_config(kind)
    arrays = {name: x.numpy() for name, x in reference(kind, small, IMPORTED.index(kind)).state_dict().items()}
    variables, _ = weights.to_variables(arrays, mapping_of(kind, small))
    held = state.variables(find_kind(kind, small).name)
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, variables, held)))


def test_every_network_can_be_an_imported_one(config, models):
    config.init.discriminator = str(models / "discriminator")
    config.init.alpha_blender = str(models / "blender")

    state = begin(config)

    assert all(is_imported(state, kind) for kind in IMPORTED)
    jax.tree.map(np.testing.assert_array_equal, state.ema_params["generator"], state.params["generator"])


@pytest.mark.slow
def test_discriminator_and_blender_can_be_initialised_at_random(config):
    config.init.discriminator = "new"

    state = begin(config)

    assert [is_imported(state, kind) for kind in IMPORTED] == [True, True, False, False]
    assert state.params.keys() == {"generator", "mask_vae", "alpha_blender", "discriminator"}


def test_a_generator_without_a_discriminator_says_how_to_give_one(config):
    with pytest.raises(UserError) as error:
        load_pretrained(config, tasks.make(config), weights.read_variables)

    message = str(error.value)
    assert "config.init.dense_mapping: the run at" in message
    assert "has no params/discriminator" in message
    assert "--config.init.discriminator=new" in message
    assert "\n" not in message


def test_an_absent_blender_says_how_to_go_without(config, tmp_path):
    config.init.discriminator = "new"
    config.init.alpha_blender = str(tmp_path / "nowhere")

    with pytest.raises(
        UserError, match=r"config\.init\.alpha_blender: no trained run at .*--config\.init\.alpha_blender="
    ):
        load_pretrained(config, tasks.make(config), weights.read_variables)


def test_the_dense_mapping_network_can_be_trained_on(runs):
    config = tiny_config("dense_mapping")
    config.init.dense_mapping = str(runs / "dense_mapping")
    state, trained = begin(config), load_network(runs / "dense_mapping", "discriminator", "test")
    jax.tree.map(
        np.testing.assert_array_equal, state.params["discriminator"], trained.variables["discriminator"]["params"]
    )
    assert state.step == 0


def test_the_dense_mapping_network_can_begin_with_a_published_generator(models):
    config = tiny_config("dense_mapping")
    config.init.dense_mapping = str(models / "generator")
    config.init.discriminator = "new"

    state = begin(config)

    assert is_imported(state, "generator")
    assert not is_imported(state, "discriminator")
