"""What the tasks do to a state, at tiny sizes; figures against values worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax import tasks
from maskgan_jax.tasks import mask_vae
from maskgan_jax.tasks.interleaving import deinterleave, interleave
from maskgan_jax.tasks.optimiser import learning_rate, moving_average
from maskgan_jax.tasks.task import psnr, to_image
from tests.tiny import tiny_config


def begin(config):
    """The task of a config and its state at step 0, the starts drawn at random."""
    task = tasks.make(config)
    rng = jax.random.key(0)
    return task, task.init(rng, {name: draw(rng) for name, draw in task.starts.items()})


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 19, (2, 2, 8, 8), np.uint8).repeat(8, axis=2).repeat(8, axis=3)
    return {
        "image_t": jnp.asarray(rng.integers(0, 256, (2, 64, 64, 3), np.uint8)),
        "mask_t": jnp.asarray(masks[0]),
        "mask_ref": jnp.asarray(masks[1]),
        "index": jnp.arange(2),
    }


def moved(before, after) -> dict[str, bool]:
    """By network: whether any parameter changed."""
    return {
        name: any(jax.tree.leaves(jax.tree.map(lambda a, b: bool((a != b).any()), before[name], after[name])))
        for name in before
    }


@pytest.mark.slow
def test_ebst_moves_generator_and_discriminator_and_leaves_mask_vae_and_vgg19(batch):
    """An untrained MaskVAE draws one mask twice, so the blender has nothing to learn yet."""
    config = tiny_config("ebst")
    config.losses.lambda_percept = 10.0
    task, state = begin(config)
    after, losses = jax.jit(task.step)(state, batch)
    assert moved(state.params, after.params) == {
        "generator": True, "alpha_blender": False, "discriminator": True, "mask_vae": False, "vgg19": False,
    }  # fmt: skip
    jax.tree.map(np.testing.assert_array_equal, state.batch_stats, after.batch_stats)
    assert losses["generator_a/perceptual"] > 0
    assert losses["generator_b/perceptual"] > 0
    expected = moving_average(state.average, {"generator": after.params["generator"]}, config.average_decay)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), after.average, expected)


@pytest.mark.slow
def test_joint_updates_are_one_backward_pass_of_both_losses(batch):
    """Both orders see the same parameters in G_A's loss; only the sequential one has moved them before G_B's."""
    sequential, joint = tiny_config("ebst"), tiny_config("ebst")
    joint.updates = "joint"
    losses = {}
    for name, config in (("sequential", sequential), ("joint", joint)):
        task, state = begin(config)
        assert ("generator_a" in state.opt_state) == (name == "sequential")
        _, scalars = jax.jit(task.step)(state, batch)
        losses[name] = {term: float(value) for term, value in scalars.items()}
    assert losses["joint"]["generator_a/pixel"] == pytest.approx(losses["sequential"]["generator_a/pixel"], rel=1e-5)
    assert abs(losses["joint"]["generator_b/pixel"] - losses["sequential"]["generator_b/pixel"]) > 1e-6


def test_an_edit_towards_the_mask_itself_is_its_reconstruction(batch):
    config = tiny_config("mask_vae")
    network = mask_vae.network_of(config)
    variables = {k: v["mask_vae"] for k, v in mask_vae.init_variables(network, jax.random.key(0)).items()}
    inter, outer = mask_vae.simulate_edits(network, variables, batch["mask_t"], batch["mask_t"], 2.5)
    reconstruction = mask_vae.reconstruct(network, variables, batch["mask_t"])
    np.testing.assert_array_equal(inter, reconstruction)
    np.testing.assert_array_equal(outer, reconstruction)


def test_interleaved_versions_of_an_example_lie_side_by_side():
    a, b = jnp.arange(3), jnp.arange(10, 13)
    np.testing.assert_array_equal(interleave(a, b), [0, 10, 1, 11, 2, 12])
    for version, original in zip(deinterleave(interleave(a, b), 2), (a, b), strict=True):
        np.testing.assert_array_equal(version, original)


def test_the_learning_rate_is_constant_for_half_the_run_then_falls_to_0():
    config = tiny_config("mask_vae")
    config.num_train_steps, config.optimiser.learning_rate = 10, 0.4
    schedule = learning_rate(config)
    np.testing.assert_allclose([schedule(step) for step in (0, 4, 5, 7, 10)], [0.4, 0.4, 0.4, 0.24, 0.0], atol=1e-7)


def test_pixels_become_values_between_minus_1_and_1():
    np.testing.assert_allclose(to_image(jnp.array([[[[0, 255, 51]]]], jnp.uint8)), [[[[-1, 1, -0.6]]]], atol=1e-6)


def test_psnr_of_an_error_of_a_tenth_of_the_range_is_20_db():
    truth = jnp.zeros((1, 4, 4, 3))
    np.testing.assert_allclose(psnr(truth + 0.2, truth), [20.0], atol=1e-4)
