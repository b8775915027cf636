"""What the tasks share: initial states, pixels, learning rate, interleaving; computed once per step."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.interpreters import partial_eval

from data_pipeline.batch_entries import random_batch
from maskgan_jax import tasks
from maskgan_jax.devices.mesh import compile_init
from maskgan_jax.tasks import mask_vae
from maskgan_jax.tasks.optimiser import learning_rate
from maskgan_jax.tasks.pixels import psnr, to_image, to_pixels
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import init_state, init_variables
from tests.tiny import tiny_config


@pytest.fixture(scope="module")
def masks() -> jax.Array:
    """Two pairs of label maps of 8 px squares, uint8 (2 2 64 64)."""
    coarse = np.random.default_rng(0).integers(0, 19, (2, 2, 8, 8), np.uint8)
    return jnp.asarray(coarse.repeat(8, axis=2).repeat(8, axis=3))


def test_an_edit_towards_the_mask_itself_is_its_reconstruction(masks):
    task = tasks.make(tiny_config("mask_vae"))
    network = task.networks["mask_vae"].module
    variables = jax.jit(lambda rng: init_variables("mask_vae", task.networks["mask_vae"], rng))(jax.random.key(0))

    inter, outer = mask_vae.simulate_edits(network, variables, masks[0], masks[0], 2.5)

    reconstruction = mask_vae.reconstruct(network, variables, masks[0])
    np.testing.assert_array_equal(inter, reconstruction)
    np.testing.assert_array_equal(outer, reconstruction)


def convolutions(jaxpr: jax.extend.core.Jaxpr) -> Counter:
    """Count the convolutions of a program by the shape of their kernels, those of a loop's body once.

    Of the forms for several platforms the last is counted, the plain convolution.
    """
    counts = Counter()
    for equation in jaxpr.eqns:
        if equation.primitive.name == "conv_general_dilated":
            counts[equation.invars[1].aval.shape] += 1
        inner = list(jax.extend.core.jaxprs_in_params(equation.params))
        for each in inner[-1:] if equation.primitive.name == "cond" else inner:
            counts += convolutions(each)
    return counts


@pytest.mark.parametrize(
    ("updates", "microbatches"),
    [
        ("sequential", 1),
        ("joint", 2),
        pytest.param("sequential", 2, marks=pytest.mark.long),
        pytest.param("joint", 1, marks=pytest.mark.long),
    ],
)
def test_edits_and_features_of_the_real_photos_are_computed_once_a_step(updates, microbatches):
    config = tiny_config("ebst")
    config.updates = updates
    config.accumulation_steps = microbatches
    config.batch_size = 4
    config.losses.lambda_percept = 10.0
    # Widths that no other network has.
    config.networks.mask_vae.widths = (5, 7, 9, 11)
    config.networks.discriminator.widths = (13, 17)
    task = tasks.make(config)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    batch = random_batch(task.inputs, config.batch_size, config.data.size, seed=0)

    jaxpr = jax.make_jaxpr(task.step)(state, batch).jaxpr
    used, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    counts = convolutions(used)

    assert counts[(4, 4, 19, 5)] == 2  # the MaskVAE encodes M^t and M^ref
    assert counts[(2, 2, 11, 4 * 9)] == 1  # it decodes both edits as one batch
    # VGG19: the real photos, G_A's and G_B's images, and back to these two.
    assert counts[(3, 3, 3, 64)] == 3 + 2
    # D at two scales: the same, and all three kinds of image as one batch in its own update.
    assert counts[(4, 4, 22, 13)] == 2 * (3 + 2 + 1)


def test_a_networks_initial_values_do_not_depend_on_the_other_networks():
    states = {}
    for name in ("mask_vae", "ebst"):
        task = tasks.make(tiny_config(name))
        states[name] = compile_init(lambda rng, task=task: init_state(task, rng, {}), None)(jax.random.key(3))
    jax.tree.map(
        np.testing.assert_array_equal, states["mask_vae"].params["mask_vae"], states["ebst"].params["mask_vae"]
    )
    kernels = [states["ebst"].params["discriminator"][f"scale_{scale}"]["conv_0"]["kernel"] for scale in (0, 1)]
    assert not np.array_equal(*kernels)


def test_interleaved_versions_of_an_example_are_neighbours():
    a, b = jnp.arange(3), jnp.arange(10, 13)
    np.testing.assert_array_equal(interleave(a, b), [0, 10, 1, 11, 2, 12])
    for version, original in zip(deinterleave(interleave(a, b), 2), (a, b), strict=True):
        np.testing.assert_array_equal(version, original)


def test_the_learning_rate_is_constant_for_half_the_run_then_falls_to_0():
    config = tiny_config("mask_vae")
    config.num_train_steps, config.optimiser.learning_rate = 10, 0.4
    schedule = learning_rate(config)
    np.testing.assert_allclose([schedule(step) for step in (0, 4, 5, 7, 10)], [0.4, 0.4, 0.4, 0.24, 0.0], atol=1e-7)


def test_an_optimiser_of_two_updates_a_step_has_the_rate_of_the_step():
    config = tiny_config("mask_vae")
    config.num_train_steps, config.optimiser.learning_rate, config.optimiser.constant_share = 10, 0.4, 0.2
    once, twice = learning_rate(config), learning_rate(config, updates_per_step=2)
    np.testing.assert_allclose([once(step) for step in (0, 2, 6, 10)], [0.4, 0.4, 0.2, 0.0], atol=1e-7)
    np.testing.assert_allclose([twice(2 * step) for step in (0, 2, 6, 10)], [0.4, 0.4, 0.2, 0.0], atol=1e-7)


def test_every_8_bit_value_survives_the_way_to_an_image_and_back():
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    image = to_image(jnp.asarray(pixels))
    assert (image.min(), image.max()) == (-1, 1)
    np.testing.assert_array_equal(to_pixels(image), pixels)


def test_psnr_of_an_error_of_a_tenth_of_the_range_is_20_db():
    truth = jnp.zeros((1, 4, 4, 3))
    np.testing.assert_allclose(psnr(truth + 0.2, truth), [20.0], atol=1e-4)
    inside = jnp.zeros((1, 4, 4, 1), bool).at[0, 0].set(True)
    np.testing.assert_allclose(psnr(jnp.where(inside, 0.2, 1.5) + truth, truth, inside), [20.0], atol=1e-4)
