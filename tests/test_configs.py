"""Every config builds its task; the default of each file is the published size."""

import jax
import pytest

from configs.base import VARIANTS
from data_pipeline.batch_entries import random_batch
from maskgan_jax import tasks
from maskgan_jax.tasks.task import init_state
from tests.tiny import CONFIGS


def shapes(tree):
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)


def initial_state(task):
    return jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CONFIGS)
def test_every_variant_has_a_state(name, variant):
    assert initial_state(tasks.make(CONFIGS[name].get_config(variant))).params


BATCH = 10
"""What every config can split: StarGAN into five or two parts."""

LONG_TO_TRACE = ("portrait_editing", "pix2pixhd_m", "ebgan")
"""Left to `make test-long`: the first takes longest, the steps of the others are parts of those of other configs."""


@pytest.mark.parametrize("variant", ["", *(pytest.param(each, marks=pytest.mark.long) for each in VARIANTS if each)])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG_TO_TRACE else []) for name in CONFIGS]
)
def test_a_step_keeps_the_shapes_of_the_state_and_returns_float32_losses(name, variant):
    config = CONFIGS[name].get_config(variant)
    task = tasks.make(config)
    state = initial_state(task)

    after, losses = jax.eval_shape(task.step, state, random_batch(task.inputs, BATCH, config.data.size, seed=0))

    assert shapes(after) == shapes(state)
    assert all(loss.shape == () and loss.dtype == "float32" for loss in losses.values())


def test_full_size_ebst_trains_the_published_networks():
    params = initial_state(tasks.make(CONFIGS["ebst"].get_config())).params
    assert {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in params.items()} == {
        "generator": 89_702_595,
        "mask_vae": 170_619_571,
        "alpha_blender": 4_329_443,
        "discriminator": 5_568_386,
        "vgg19": 12_944_960,  # torchvision's vgg19 up to conv5_1
    }


@pytest.mark.slow
def test_full_size_portrait_editing_trains_the_published_networks():
    config = CONFIGS["portrait_editing"].get_config()
    config.labels = "helen"
    task = tasks.make(config)
    params = initial_state(task).params
    sizes = {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in params.items()}
    trained = {name: sum(sizes[each] for each in optimiser.networks) for name, optimiser in task.optimisers.items()}
    assert trained == {"generator": 228_217_426, "discriminator": 5_555_586, "discriminator_unpaired": 5_555_586}
    edits = [name for name in sizes if name.startswith(("encoder", "decoder", "portrait"))]
    unused = sum(leaf.size for name in edits for key in ("log_variance", "log_variance_hidden")
                 for leaf in jax.tree.leaves(params[name].get(key, {})))  # fmt: skip
    assert sum(sizes[name] for name in edits) - unused == 126_885_891


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_holds_no_network_that_its_task_lacks(name):
    config = CONFIGS[name].get_config("small")
    assert set(config.networks) <= set(tasks.make(config).networks)


@pytest.mark.parametrize("name", CONFIGS)
def test_an_unknown_variant_is_refused_with_the_list_of_variants(name):
    with pytest.raises(ValueError, match=r"has no variant :huge; :small is .*; :quickstart is "):
        CONFIGS[name].get_config("huge")
