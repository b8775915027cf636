"""ELEGANT's settings, blocks and inference function."""

from functools import partial

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.batch_entries import random_batch
from data_pipeline.celeba_attributes import columns_of
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.elegant import forward
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config


@pytest.mark.parametrize(
    ("channels", "attributes", "ends"),
    [(512, 2, [256, 512]), (512, 3, [171, 341, 512]), (5, 2, [2, 5]), (7, 2, [4, 7]), (4, 4, [1, 2, 3, 4])],
)
def test_blocks_of_attributes_end_at_rounded_places_and_leave_no_channel_over(channels, attributes, ends):
    """Halves are rounded to even numbers, as NumPy does in the published code."""
    blocks = forward.attribute_of_channels(channels, attributes)
    assert [int(np.flatnonzero(blocks == attribute)[-1]) + 1 for attribute in range(attributes)] == ends
    assert len(blocks) == channels


def test_a_gate_says_how_far_the_block_of_its_attribute_goes_to_the_others():
    own, other = jnp.full((2, 1, 1, 5), 1.0), jnp.full((2, 1, 1, 5), 3.0)
    codes = forward.exchange(own, other, jnp.array([[0.0, 1.0], [0.25, 0.0]]))
    np.testing.assert_array_equal(codes[:, 0, 0], [[1, 1, 3, 3, 3], [1.5, 1.5, 1, 1, 1]])


@pytest.fixture(scope="module")
def trained():
    """A task, and a state of random weights in which an exchange can be seen."""
    task, rng = tasks.make(tiny_config("elegant")), np.random.default_rng(0)
    state = init_state(task, jax.random.key(0), {})
    params = jax.tree.map(lambda leaf: leaf + 0.2 * rng.normal(size=leaf.shape).astype(np.float32), state.params)
    return task, state.replace(params=params, ema_params={name: params[name] for name in state.ema_params})


@pytest.fixture(scope="module")
def exchange(trained):
    """Its inference function."""
    task, state = trained
    variables = {name: state.inference_variables(name) for name in state.ema_params}
    return partial(jax.jit(task.inference["exchange"].function), variables)


PHOTOS = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), np.uint8)
EXEMPLARS = PHOTOS[[1, 2, 0]]


@pytest.mark.slow
def test_only_what_gates_let_through_comes_from_the_exemplar(exchange):
    closed, first, both = (
        np.asarray(exchange(PHOTOS, EXEMPLARS, np.tile(np.float32(gates), (3, 1))))
        for gates in ([0, 0], [1, 0], [1, 1])
    )
    assert closed.dtype == np.uint8
    np.testing.assert_array_equal(closed, exchange(PHOTOS, PHOTOS[::-1], np.zeros((3, 2), np.float32)))
    np.testing.assert_array_equal(closed, exchange(PHOTOS, PHOTOS, np.ones((3, 2), np.float32)))
    differences = [np.abs(one.astype(int) - other).max((1, 2, 3)) for one, other in ((closed, first), (first, both))]
    assert (np.array(differences) > 0).all()


@pytest.mark.slow
def test_the_exchange_of_a_step_is_that_of_the_inference_function(trained, exchange):
    """`visualize` shows A' and C; C is the inference function's with the gate of the pair's attribute open."""
    task, state = trained
    differing = np.array([*columns_of(["Eyeglasses", "Smiling"]), *columns_of(["Smiling"])], np.int8)
    batch = random_batch(task.inputs, 3, 64, seed=0) | {"differing_attribute": differing}
    shown = jax.jit(task.visualize)(state, batch)
    images = exchange(batch["image_t"], batch["image_ref"], np.array([[0, 1], [1, 0], [1, 0]], np.float32))
    np.testing.assert_allclose((np.asarray(shown["C: A with B's"]) + 1) * 127.5, images, atol=0.51)
    assert np.abs(np.asarray(shown["C: A with B's"] - shown["A'"])).max() > 0.1


@pytest.mark.slow
def test_it_is_exported_for_any_batch(trained):
    task, state = trained
    (batch,) = jax.export.symbolic_shape("b")
    function = task.inference["exchange"]
    arrays = [jax.ShapeDtypeStruct((batch, *each.shape), each.dtype) for each in function.inputs]
    variables = {name: state.variables(name) for name in function.networks}
    exported = jax.export.export(jax.jit(partial(function.function, variables)))(*arrays)
    assert [(each.shape[1:], each.dtype) for each in exported.out_avals] == [((64, 64, 3), np.uint8)]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("attributes", ("Smiling", "Laughing"), r"config\.attributes: CelebA has no Laughing; choose among 5_o_Clock"),
        ("attributes", (), r"config\.attributes: names no attribute"),
        ("attributes", ("Smiling", "Smiling"), r"config\.attributes: Smiling, Smiling: name each attribute once"),
        ("networks.latent_encoder.widths", (4,) * 7, r"latent_encoder\.widths: 7 halvings of 64 px"),
        ("networks.latent_encoder.widths", (4,), r"latent_encoder\.widths: 1 halvings of 64 px; give 2 or more"),
        ("networks.latent_encoder.widths", (4, 1), r"1 channels for the blocks of 2 attributes"),
    ],
)
def test_a_value_that_makes_no_task_names_its_field(field, value, message):
    config = tiny_config("elegant")
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=message):
        tasks.make(config)
