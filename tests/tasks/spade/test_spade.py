"""SPADE's settings, its inference functions in the editor, and a run."""

from functools import partial

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from data_pipeline.batch_entries import random_batch
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.editing.editor import Editor
from maskgan_jax.tasks.task import init_state, init_variables
from tests.tiny import tiny_config
from tests.train import logged, resumed, train


def test_a_size_that_the_generators_widths_do_not_lead_to_is_refused():
    config = tiny_config("spade")
    config.data.size = 256
    message = r"config\.networks\.spade_generator: its start_size and up_widths lead to 64 or 128 px, and .* is 256"
    with pytest.raises(UserError, match=message):
        tasks.make(config)


def test_the_discriminator_learns_four_times_as_fast_as_published():
    config = tiny_config("spade")
    config.optimiser.update({"b1": 0.0, "b2": 0.9, "learning_rate": 1e-4, "discriminator_learning_rate": 4e-4})
    for name, rate in (("generator", 1e-4), ("discriminator", 4e-4)):
        adam = tasks.make(config).optimisers[name].transformation
        params = {"w": jnp.ones(3)}
        updates, _ = adam.update({"w": jnp.array([1.0, -2.0, 0.5])}, adam.init(params))
        np.testing.assert_allclose(updates["w"], [-rate, rate, -rate], rtol=1e-5)  # Adam's first step


def test_published_weights_are_read_from_their_files_where_config_init_names_them():
    config = tiny_config("spade")
    assert tasks.make(config).pretrained == ()
    config.init.spade_encoder, config.init.spade_generator = "latest_net_E.pth", "latest_net_G.pth"
    sources = tasks.make(config).pretrained
    assert [(each.field, each.networks) for each in sources] == [
        ("spade_encoder", ("spade_encoder",)), ("spade_generator", ("spade_generator",)),
    ]  # fmt: skip


@pytest.mark.long
def test_a_batch_in_microbatches_and_an_export_for_any_batch_have_the_shapes_of_a_whole_one():
    config = tiny_config("spade")
    config.accumulation_steps = 2
    task = tasks.make(config)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    after, losses = jax.eval_shape(task.step, state, random_batch(task.inputs, 4, config.data.size, seed=0))
    assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, state)
    assert all(loss.shape == () for loss in losses.values())
    (batch,) = jax.export.symbolic_shape("b")
    variables = {name: init_variables(name, network, jax.random.key(1)) for name, network in task.networks.items()}
    for function in task.inference.values():
        arrays = [jax.ShapeDtypeStruct((batch, *each.shape), each.dtype) for each in function.inputs]
        exported = jax.export.export(jax.jit(partial(function.function, variables)))(*arrays)
        assert exported.out_avals[0].shape[0] == batch


@pytest.mark.slow
def test_initial_weights_are_the_published_codes():
    task = tasks.make(tiny_config("spade"))
    params = {name: init_variables(name, task.networks[name], jax.random.key(0))["params"] for name in task.networks}
    generator = params["spade_generator"]
    gamma = np.asarray(generator["head"]["norm_0"]["gamma"]["kernel"])
    assert gamma.std() == pytest.approx(0.02 * np.sqrt(2 / (9 * 4 + 9 * 8)), rel=0.15)
    spectral = np.asarray(generator["head"]["conv_0"]["kernel"])
    assert np.abs(spectral).max() == pytest.approx(1 / np.sqrt(9 * 8), rel=0.02)
    biases = [leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params) if path[-1].key == "bias"]
    assert len(biases) > 20
    assert not any(np.any(bias) for bias in biases)


@pytest.mark.slow
def test_the_editor_draws_masks_in_the_style_of_the_photo(random_runs):
    editor = Editor(random_runs / "spade")
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (2, 64, 64, 3), np.uint8)
    masks = rng.integers(0, 19, (2, 8, 8), np.uint8).repeat(8, 1).repeat(8, 2)
    mine, yours = (editor.portrait(photo, mask) for photo, mask in zip(photos, masks, strict=True))
    own = editor.edit(mine, masks[0])
    assert (own.shape, own.dtype) == ((64, 64, 3), np.uint8)
    assert (editor.edit(mine, masks[1]) != own).any(), "another mask"
    assert (editor.edit(yours, masks[0]) != own).any(), "another style"


@pytest.mark.slow
@pytest.mark.long
def test_a_run_logs_all_losses_and_resumes_to_the_last_bit(faces, tmp_path):
    config = tiny_config("spade", faces)
    config.batch_size = 2
    config.evaluators.metrics.every_steps = 6
    state = jax.device_get(train(config, tmp_path / "run"))

    losses = logged(tmp_path / "run", "train/")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for each in losses.values() for value in each.values())
    assert losses[1].keys() >= {
        "train/generator/adversarial", "train/generator/feature_matching", "train/generator/kl",
        "train/generator/pixel", "train/discriminator/loss",
    }  # fmt: skip
    assert logged(tmp_path / "run", "validation/")[6].keys() == {"validation/psnr", "validation/l1"}
    assert Image.open(tmp_path / "run/pictures/step_0000006.png").size[0] > 4 * 64

    again = jax.device_get(resumed(tmp_path / "run", tmp_path / "resumed", lost=[4, 6]))
    assert logged(tmp_path / "resumed", "train/") == losses
    jax.tree.map(np.testing.assert_array_equal, again, state)
