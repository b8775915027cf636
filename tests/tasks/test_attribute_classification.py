"""The attribute classifier's task at tiny sizes, against values computed by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from maskgan_jax import losses, tasks
from maskgan_jax.tasks.attribute_classifier import finalize_metrics, scale
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config

NAMES = ("Smiling", "Heavy_Makeup", "No_Beard", "Pale_Skin")
COLUMNS = [ATTRIBUTES.index(name) for name in NAMES]


@pytest.fixture(scope="module")
def batch() -> dict[str, jax.Array]:
    """Photos of one colour: red ones smile; the last two are made up or not, and nothing else is known."""
    rng = np.random.default_rng(0)
    smiling = np.array([1, 1, 1, -1, -1, -1])
    photos = np.zeros((6, 64, 64, 3), np.uint8)
    photos[..., 0] = np.where(smiling > 0, 220, 30)[:, None, None]
    photos[..., 1:] = rng.integers(0, 256, (6, 1, 1, 2))
    attributes = np.zeros((6, 40), np.int8)
    attributes[:, ATTRIBUTES.index("Smiling")] = smiling
    attributes[4:, ATTRIBUTES.index("Heavy_Makeup")] = (-1, 1)
    return {
        "image_t": jnp.asarray(photos),
        "attributes": jnp.asarray(attributes),
        "index": jnp.arange(6),
        "weight": jnp.array([1.0, 1, 1, 1, 1, 0]),
    }


@pytest.fixture(scope="module")
def task():
    return tasks.make(tiny_config("attribute_classifier"))


@pytest.fixture(scope="module")
def trained(task, batch):
    """The state after forty steps, and their losses."""
    config = tiny_config("attribute_classifier")
    config.num_train_steps = 80
    config.optimiser.learning_rate = 0.01
    step = jax.jit(tasks.make(config).step)
    state = jax.jit(lambda rng: init_state(task, rng, {}))(jax.random.key(0))
    values = []
    for _ in range(40):
        state, scalars = step(state, batch)
        values.append(float(scalars["loss"]))
    return state, values


def test_steps_lower_the_loss(trained):
    assert trained[1][-1] < 0.5 * trained[1][0]


def test_a_step_moves_the_batch_statistics_a_tenth_towards_the_batch(task, batch):
    """Of the first norm: its input is a convolution of the photos, normalised as for ImageNet, by the first weights."""
    before = jax.jit(lambda rng: init_state(task, rng, {}))(jax.random.key(0))
    after, _ = jax.jit(task.step)(before, batch)
    photos = (np.asarray(batch["image_t"]) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    padded = np.pad(photos, ((0, 0), (3, 3), (3, 3), (0, 0)))
    windows = [padded[:, y : y + 64 : 2, x : x + 64 : 2] for y in range(7) for x in range(7)]
    x = np.stack(windows, axis=-2).reshape(-1, 147) @ np.asarray(before.params["resnet18"]["stem"]["kernel"]).reshape(
        147, -1
    )
    moved = after.batch_stats["resnet18"]["stem_norm"]
    np.testing.assert_allclose(moved["mean"], 0.1 * x.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moved["var"], 0.9 + 0.1 * x.var(0), rtol=1e-4)


def test_evaluation_counts_known_attributes_and_weights(task, trained, batch):
    sums = jax.device_get(jax.jit(task.evaluate)(trained[0], batch))
    np.testing.assert_array_equal(sums["known"], [5, 1, 0, 0])  # the last photo has weight 0
    np.testing.assert_array_equal(sums["present"], [3, 0, 0, 0])
    variables = {name: trained[0].variables(name) for name in task.networks}
    present = np.asarray(task.inference["classify"].function(variables, batch["image_t"])) > 0
    smiling = np.asarray(batch["attributes"])[:5, COLUMNS[0]] > 0
    np.testing.assert_array_equal(sums["correct"], [(present[:5, 0] == smiling).sum(), not present[4, 1], 0, 0])


def test_the_head_classifies_the_features(task, trained, batch):
    variables = {name: trained[0].variables(name) for name in task.networks}
    features = task.inference["encode_photo"].function(variables, batch["image_t"])
    assert features.shape == (6, 8)
    head = variables["attribute_head"]["params"]
    logits = task.inference["classify"].function(variables, batch["image_t"])
    np.testing.assert_allclose(logits, features @ head["kernel"] + head["bias"], rtol=1e-5, atol=1e-6)


def test_bands_show_the_truth_and_the_probability(task, trained, batch):
    columns = jax.jit(task.visualize)(trained[0], batch)
    assert set(columns) == {"I^t", "true", "predicted"}
    true = np.asarray(columns["true"])
    np.testing.assert_array_equal(true[:, 8], batch["attributes"][:, COLUMNS[0], None, None] * np.ones((6, 64, 3)))
    assert (true[4, 16:32] == -1).all()
    assert (true[5, 16:32] == 1).all()
    assert (true[:, 32:] == 0).all()
    assert (np.abs(columns["predicted"]) <= 1).all()


def test_accuracies_stand_beside_those_of_the_majority():
    sums = {"known": np.array([10, 4]), "present": np.array([8, 1]), "correct": np.array([9, 2])}
    assert finalize_metrics(("Smiling", "Male"), sums) == pytest.approx(
        {
            "accuracy/Smiling": 0.9,
            "majority/Smiling": 0.8,
            "accuracy/Male": 0.5,
            "majority/Male": 0.75,
            "accuracy": 0.7,
            "majority": 0.775,
        }
    )


def test_cross_entropy_of_known_attributes_by_hand():
    logits, attributes = jnp.array([[2.0, -1.0], [0.5, 3.0]]), jnp.array([[1, -1], [-1, 0]])
    expected = (np.log1p(np.exp(-2)) + np.log1p(np.exp(-1)) + np.log1p(np.exp(0.5))) / 3
    assert losses.attribute_cross_entropy(logits, attributes) == pytest.approx(expected, rel=1e-6)
    assert losses.attribute_cross_entropy(logits, jnp.zeros_like(attributes)) == 0


def test_an_unknown_attribute_names_the_field():
    config = tiny_config("attribute_classifier")
    config.attributes = ("Smiling", "Grumpy")
    with pytest.raises(UserError, match=r"config\.attributes: CelebA has no Grumpy; choose among 5_o_Clock_Shadow"):
        tasks.make(config)


def test_photos_are_scaled_as_pytorch_does_with_antialiasing():
    torch = pytest.importorskip("torch")
    noise = jax.random.uniform(jax.random.key(0), (2, 128, 128, 3))
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(np.array(noise.transpose(0, 3, 1, 2))), (100, 100), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(scale(noise, 100), theirs.permute(0, 2, 3, 1).numpy(), atol=1e-5)


def test_photos_are_scaled_to_the_size_of_the_input(task, trained, batch):
    config = tiny_config("attribute_classifier")
    config.data.size = 128
    variables = {name: trained[0].variables(name) for name in task.networks}
    doubled = batch["image_t"].repeat(2, axis=1).repeat(2, axis=2)
    expected = task.inference["classify"].function(variables, batch["image_t"])
    ours = tasks.make(config).inference["classify"].function(variables, doubled)
    np.testing.assert_allclose(ours, expected, atol=1e-4)
