"""The face parser's task at tiny sizes, against values computed by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.segmentation import confusion, finalize_metrics
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config


@pytest.fixture(scope="module")
def batch() -> dict[str, jax.Array]:
    """Photos whose colour determines the class."""
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 19, (2, 8, 8), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    colours = rng.integers(0, 256, (19, 3), np.uint8)
    return {
        "image_t": jnp.asarray(colours[masks]),
        "mask_t": jnp.asarray(masks),
        "index": jnp.arange(2),
        "weight": jnp.ones(2),
    }


@pytest.fixture(scope="module")
def task():
    return tasks.make(tiny_config("face_parser"))


@pytest.fixture(scope="module")
def states(task, batch):
    """The states at the start and after each of six steps, and the steps' losses."""
    state = jax.jit(lambda rng: init_state(task, rng, {}))(jax.random.key(0))
    step = jax.jit(task.step)
    states, losses = [state], []
    for _ in range(6):
        state, scalars = step(states[-1], batch)
        states.append(state)
        losses.append(float(scalars["loss"]))
    return states, losses


def test_steps_lower_the_loss(states):
    _, losses = states
    assert losses[-1] < losses[0] - 0.3


def test_a_step_moves_the_batch_statistics_a_tenth_towards_the_batch(states, batch):
    """Of the first norm: its input is a convolution of the photos by the parameters of before the step."""
    (before, after, *_), _ = states
    params = before.params["face_parser"]["down_0"]["conv_0"]
    image = batch["image_t"] / 127.5 - 1
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.stack([padded[:, y : y + 64, x : x + 64] for y in range(3) for x in range(3)], axis=-2)
    x = windows.reshape(-1, 27) @ np.asarray(params["kernel"]).reshape(27, -1) + np.asarray(params["bias"])
    moved = after.batch_stats["face_parser"]["down_0"]["norm_0"]
    np.testing.assert_allclose(moved["mean"], 0.1 * x.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved["var"], 0.9 + 0.1 * x.var(0), rtol=1e-4)


def test_the_visualized_mask_is_the_evaluated_one_and_its_errors_are_white(task, states, batch):
    state = states[0][-1]
    columns = jax.jit(task.visualize)(state, batch)
    assert list(columns) == ["I^t", "M^t", "parsed", "where they differ"]
    wrong = np.asarray(columns["parsed"] != batch["mask_t"])
    assert 0 < wrong.mean() < 1
    np.testing.assert_array_equal((columns["where they differ"] == 1).all(-1), wrong)
    sums = jax.device_get(jax.jit(task.evaluate)(state, batch))
    assert task.finalize_metrics(sums)["pixel_accuracy"] == pytest.approx(1 - wrong.mean(), abs=1e-5)


def test_accuracy_iou_and_f1_by_hand():
    """Truth: 5 pixels background, 2 skin, 1 nose, of two images. Two of the 5 go to skin; the nose goes to the hat."""
    truth = jnp.array([[[0, 0], [0, 1]], [[0, 0], [1, 2]]])
    predicted = jnp.array([[[0, 1], [0, 1]], [[0, 1], [1, 14]]])
    table = confusion(truth, predicted, jnp.ones(2))
    metrics = finalize_metrics({"confusion": np.asarray(table)})
    assert metrics == pytest.approx(
        {
            "pixel_accuracy": 5 / 8,
            "iou/background": 3 / 5,
            "iou/skin": 2 / 4,
            "iou/nose": 0,
            "iou/hat": 0,
            "mean_iou": (3 / 5 + 2 / 4) / 4,
            "f1/background": 2 * 1 * (3 / 5) / (1 + 3 / 5),  # precision 3 of 3, recall 3 of 5
            "f1/skin": 2 * (2 / 4) * 1 / (2 / 4 + 1),  # precision 2 of 4, recall 2 of 2
            "f1/nose": 0,
            "f1/hat": 0,
            "mean_f1": (3 / 4 + 2 / 3) / 4,
        }
    )


def test_an_image_of_weight_0_does_not_count():
    truth = jnp.array([[[0, 1]], [[5, 5]]])
    table = confusion(truth, jnp.array([[[0, 1]], [[6, 6]]]), jnp.array([1.0, 0.0]))
    metrics = finalize_metrics({"confusion": np.asarray(table)})
    assert metrics["pixel_accuracy"] == metrics["mean_iou"] == metrics["mean_f1"] == 1
    assert "f1/r_eye" not in metrics


def test_more_widths_than_the_photo_has_halvings_name_the_field():
    config = tiny_config("face_parser")
    config.networks.face_parser.widths = (4,) * 8
    with pytest.raises(UserError, match=r"config\.networks\.face_parser\.widths: 8 widths halve 64 px 7 times"):
        tasks.make(config)
