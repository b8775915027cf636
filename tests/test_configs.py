"""Every config builds its task; the default of each file is the published size."""

import jax
import pytest

from configs.presets import VARIANTS
from maskgan_jax import tasks
from tests.tiny import CONFIGS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_builds_its_task(name, variant):
    config = CONFIGS[name].get_config(variant)
    task = tasks.make(config)
    drawn = {start: jax.eval_shape(draw, jax.random.key(0)) for start, draw in task.starts.items()}
    state = jax.eval_shape(task.init, jax.random.key(0), drawn)
    batch = {
        "image_t": jax.ShapeDtypeStruct((2, config.data.size, config.data.size, 3), "uint8"),
        "mask_t": jax.ShapeDtypeStruct((2, config.data.size, config.data.size), "uint8"),
        "mask_ref": jax.ShapeDtypeStruct((2, config.data.size, config.data.size), "uint8"),
        "index": jax.ShapeDtypeStruct((2,), "int32"),
    }
    after, losses = jax.eval_shape(task.step, state, batch)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
    assert all(loss.shape == () and loss.dtype == "float32" for loss in losses.values())


def test_full_size_ebst_trains_the_published_networks():
    config = CONFIGS["ebst"].get_config()
    task = tasks.make(config)
    drawn = {start: jax.eval_shape(draw, jax.random.key(0)) for start, draw in task.starts.items()}
    params = jax.eval_shape(task.init, jax.random.key(0), drawn).params
    counts = {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in params.items()}
    assert counts == {
        "generator": 89_702_595,
        "mask_vae": 170_619_571,
        "alpha_blender": 4_329_443,
        "discriminator": 5_568_386,
        "vgg19": 12_944_960,  # torchvision's vgg19 up to conv5_1
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_an_unknown_variant_lists_those_that_there_are(name):
    with pytest.raises(ValueError, match=r"has no variant :huge; :small is .*; :quickstart is "):
        CONFIGS[name].get_config("huge")
