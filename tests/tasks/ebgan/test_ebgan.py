"""EBGAN's and Att-EBGAN's settings, gates, losses and inference functions."""

from functools import partial

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.batch_entries import random_batch
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.networks.ebgan.generator import InpaintingGenerator
from maskgan_jax.tasks.ebgan.objectives import gradient_penalty, reconstruction_loss
from maskgan_jax.tasks.task import init_state, init_variables
from tests.tiny import tiny_config

PHOTOS = jnp.asarray(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8))
REGIONS = jnp.zeros((2, 64, 64), jnp.uint8).at[0, 10:30, 20:50].set(1).at[1, 40:, 5:9].set(1)


def variables_of(task: tasks.Task) -> dict:
    return {name: init_variables(name, network, jax.random.key(1)) for name, network in task.networks.items()}


@pytest.mark.slow
def test_pixels_outside_the_region_keep_every_bit_and_those_inside_follow_the_code():
    task = tasks.make(tiny_config("ebgan"))
    variables = variables_of(task)
    encode, inpaint = (jax.jit(task.inference[name].function) for name in ("encode_exemplar", "inpaint"))

    codes = encode(variables, PHOTOS, REGIONS)
    own, other = (np.asarray(inpaint(variables, PHOTOS, REGIONS, each)) for each in (codes, codes + 100))

    inside = np.asarray(REGIONS > 0)
    assert own.dtype == np.uint8
    np.testing.assert_array_equal(own[~inside], np.asarray(PHOTOS)[~inside])
    np.testing.assert_array_equal(other[~inside], np.asarray(PHOTOS)[~inside])
    assert (own[inside] != other[inside]).any()


@pytest.mark.slow
def test_codes_know_nothing_of_pixels_outside_the_region_and_the_generator_nothing_of_those_inside():
    task = tasks.make(tiny_config("ebgan"))
    variables = variables_of(task)
    encode, inpaint = (task.inference[name].function for name in ("encode_exemplar", "inpaint"))
    inside = (REGIONS > 0)[..., None]
    codes = encode(variables, PHOTOS, REGIONS)

    np.testing.assert_array_equal(encode(variables, jnp.where(inside, PHOTOS, 99).astype(jnp.uint8), REGIONS), codes)
    hidden = jnp.where(inside, 99, PHOTOS).astype(jnp.uint8)
    filled, again = (np.asarray(inpaint(variables, each, REGIONS, codes)) for each in (PHOTOS, hidden))
    np.testing.assert_array_equal(filled[REGIONS > 0], again[REGIONS > 0])


@pytest.mark.slow
def test_a_gate_multiplies_the_block_of_its_attribute_and_free_channels_pass():
    config = tiny_config("att_ebgan")
    task = tasks.make(config)
    variables = variables_of(task)
    encode = jax.jit(task.inference["encode_exemplar"].function)
    count = len(config.attributes)
    assert (config.free_channels, config.networks.exemplar_encoder.widths[-1]) == (1, 1 + count)

    opened = np.asarray(encode(variables, PHOTOS, REGIONS, jnp.ones((2, count))))
    gated = np.asarray(encode(variables, PHOTOS, REGIONS, jnp.ones((2, count)).at[0, 3].set(0).at[1, 5].set(0.5)))

    expected = opened.copy()
    expected[0, ..., 1 + 3] = 0
    expected[1, ..., 1 + 5] *= 0.5
    np.testing.assert_allclose(gated, expected, rtol=1e-6)
    assert np.abs(opened[0, ..., 4]).max() > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ebgan", "att_ebgan"])
def test_a_batch_in_microbatches_and_an_export_for_any_batch_have_the_shapes_of_a_whole_one(name):
    config = tiny_config(name)
    config.accumulation_steps = 2
    task = tasks.make(config)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    after, losses = jax.eval_shape(task.step, state, random_batch(task.inputs, 4, config.data.size, seed=0))
    assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, state)
    assert all(loss.shape == () for loss in losses.values())
    (batch,) = jax.export.symbolic_shape("b")
    variables = variables_of(task)
    for function in task.inference.values():
        arrays = [jax.ShapeDtypeStruct((batch, *each.shape), each.dtype) for each in function.inputs]
        exported = jax.export.export(jax.jit(partial(function.function, variables)))(*arrays)
        assert exported.out_avals[0].shape[0] == batch


@pytest.mark.slow
def test_attributes_of_whole_photos_have_logits():
    task = tasks.make(tiny_config("att_ebgan"))
    logits = task.inference["classify"].function(variables_of(task), PHOTOS)
    assert (logits.shape, logits.dtype) == ((2, 7), "float32")


def test_the_reconstruction_inside_counts_as_much_as_outside():
    truth = jnp.zeros((1, 4, 4, 3))
    region = jnp.zeros((1, 4, 4, 1)).at[0, 0, :2].set(1)
    image = jnp.where(region > 0, 0.8, truth + 0.1)
    np.testing.assert_allclose(reconstruction_loss(image, truth, region, by_region=True), 0.45, atol=1e-6)
    whole = (2 * 0.8 + 14 * 0.1) / 16
    np.testing.assert_allclose(reconstruction_loss(image, truth, region, by_region=False), whole, atol=1e-6)
    everywhere = jnp.ones_like(region)
    np.testing.assert_allclose(reconstruction_loss(truth + 0.4, truth, everywhere, by_region=True), 0.2, atol=1e-6)


def test_the_gradient_penalty_of_a_linear_logit_is_half_its_squared_weights():
    weights = jnp.arange(12.0).reshape(2, 2, 3)
    penalty = gradient_penalty(lambda image: (image * weights).sum((1, 2, 3))[:, None], jnp.ones((5, 2, 2, 3)))
    np.testing.assert_allclose(penalty, 0.5 * (np.arange(12.0) ** 2).sum())


def test_several_codes_of_an_image_are_filled_in_next_to_each_other():
    network = InpaintingGenerator((4, 8))
    rng = np.random.default_rng(0)
    image, codes = (jnp.asarray(rng.normal(size=shape)) for shape in ((2, 8, 8, 3), (6, 2, 2, 5)))
    region = jnp.asarray(rng.integers(0, 2, (2, 8, 8, 1)).astype(float))
    variables = network.init(jax.random.key(0), image, region, codes)
    together = network.apply(variables, image, region, codes)
    one = network.apply(variables, image[1:], region[1:], codes[4:5])
    np.testing.assert_allclose(together[4:5], one, atol=1e-5)


@pytest.mark.slow
def test_a_gated_level_weighs_one_half_of_its_channels_by_the_other():
    network = InpaintingGenerator((4, 8), convolution="gated")
    image, region = jnp.ones((1, 8, 8, 3)), jnp.ones((1, 8, 8, 1))
    variables = network.init(jax.random.key(0), image, region, jnp.ones((1, 2, 2, 5)))
    assert variables.keys() == {"params"}
    kernel = variables["params"]["up_0"]["conv"]["kernel"]
    assert kernel.shape == (4, 4, 8 + 5, 2 * 8)
    closed = jax.tree.map(jnp.copy, variables)
    bias = closed["params"]["up_0"]["conv"]["bias"]
    closed["params"]["up_0"]["conv"] = {"kernel": kernel, "bias": bias.at[8:].set(-1e4)}
    opened = network.apply(variables, image, region, jnp.full((1, 2, 2, 5), 2.0))
    images = [network.apply(closed, image, region, jnp.full((1, 2, 2, 5), value)) for value in (2.0, 7.0)]
    np.testing.assert_array_equal(*images)
    assert not np.array_equal(opened, images[0])


@pytest.mark.parametrize(
    ("task", "field", "value", "message"),
    [
        ("ebgan", "batch_size", 1, r"config\.batch_size: 1; the exemplar of a row is the next row"),
        ("att_ebgan", "attributes", ("Bald", "Smiling"), r"config\.attributes: 'Bald': choose among Mouth_Slightly"),
        ("att_ebgan", "free_channels", 2, r"free_channels: 2 of the 8 channels .* leave 6 to 7 attributes"),
        ("ebgan", "networks.exemplar_encoder.widths", (4, 8), r"2 widths of exemplar_encoder and 3 of inpainting_gen"),
        ("ebgan", "data.size", 68, r"not more than 68 px can be halved"),
        ("ebgan", "networks.inpainting_generator.convolution", "partial", r"'partial': choose among plain, gated"),
        ("ebgan", "networks.image_discriminator.norm", "batch", r"'batch': choose among spectral, instance, none"),
        ("ebgan", "networks.image_discriminator.widths", (4,) * 7, r"7 halvings of 64 px leave less than 1 px"),
        ("att_ebgan", "networks.image_classifier.widths", (4,) * 6, r"6 halvings of 64 px leave less than 2 px"),
    ],
)
def test_a_value_that_makes_no_task_names_its_field(task, field, value, message):
    config = tiny_config(task)
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=message):
        tasks.make(config)
