"""A step of Att-EBGAN against PyTorch, in float64: losses and gradients, of the gradient penalty too."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

torch = pytest.importorskip("torch")

from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.tasks.ebgan.attributes import covers, read_attributes  # noqa: E402
from maskgan_jax.tasks.ebgan.augmentation import jitter_colours  # noqa: E402
from maskgan_jax.tasks.task import TrainState, init_state  # noqa: E402
from tests.tasks.comparison import TOLERANCE, assert_near, by_path, without_gradient  # noqa: E402
from tests.tasks.ebgan import pytorch_step  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow


class Comparison(NamedTuple):
    """Losses, and gradients by network, of both sides; our state before and after."""

    our_losses: dict[str, np.ndarray]
    their_losses: dict[str, float]
    our_gradients: dict[str, PyTree]
    their_gradients: dict[str, PyTree]
    before: TrainState
    after: TrainState


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    config = tiny_config("att_ebgan")
    config.dtype, config.batch_size, config.losses.lambda_r1 = "float64", 3, 0.3
    task = tasks.make(config)
    before = random_state(task)
    batch = random_batch(config.data.size)
    after, losses = jax.device_get(jax.jit(task.step)(before, batch))
    share = 1 - config.optimiser.b1
    gradients = {
        network: jax.tree.map(lambda moment: moment / share, moments)
        for state in after.opt_state.values()
        for network, moments in optax.tree_utils.tree_get(state, "mu").items()
    }
    params = {name: pytorch_step.to_torch(tree) for name, tree in before.params.items()}
    singular = {
        name.removesuffix("_norm"): torch.from_numpy(np.array(values[f"{name.removesuffix('_norm')}/kernel/u"][0]))
        for name, values in before.batch_stats["image_discriminator"].items()
    }
    theirs = pytorch_step.take(config, params, singular, tensors(batch, config))
    collected = jax.tree.map(lambda leaf: leaf.grad.numpy(), params)
    return Comparison(losses, {k: v.item() for k, v in theirs.items()}, gradients, collected, before, after)


def random_state(task: tasks.Task) -> TrainState:
    """Return a state of float64 values of which no part is zero."""
    rng = np.random.default_rng(0)
    state = init_state(task, jax.random.key(0), {})
    params = jax.tree.map(lambda leaf: np.asarray(leaf) + 0.1 * rng.normal(size=leaf.shape), state.params)
    return state.replace(params=params, ema_params={name: params[name] for name in state.ema_params})


def random_batch(size: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    region = np.zeros((3, size, size), np.uint8)
    for row, (top, left) in enumerate(((8, 4), (20, 30), (2, 10))):
        region[row, top : top + 30, left : left + 24] = 1
    return {
        "image_t": rng.integers(0, 256, (3, size, size, 3), np.uint8),
        "mask_t": rng.integers(0, 19, (3, 8, 8), np.uint8).repeat(size // 8, 1).repeat(size // 8, 2),
        "region": region,
        "attributes": rng.integers(-1, 2, (3, 40)).astype(np.int8),
        "index": np.arange(3),
    }


def tensors(batch: dict[str, np.ndarray], config: ConfigDict) -> dict[str, torch.Tensor]:
    """Return what the networks read of a batch; which attributes a region covers has tests of its own."""
    attributes = np.asarray(read_attributes(batch["attributes"], config.attributes))
    covered = np.asarray(covers(batch["region"] > 0, batch["mask_t"], config.attributes))
    others = np.roll(attributes, -1, axis=0)
    image = batch["image_t"] / 127.5 - 1
    first_step = jax.random.fold_in(jax.random.key(config.seed), 0)
    seen = jitter_colours(first_step, jnp.asarray(image), config.exemplar_colour_jitter)
    return {
        name: torch.from_numpy(np.array(each, np.float64))
        for name, each in {
            "image": image.transpose(0, 3, 1, 2),
            "seen": np.asarray(seen).transpose(0, 3, 1, 2),
            "region": batch["region"][:, None],
            "attributes": attributes,
            "own_gates": (attributes > 0) & covered,
            "exemplar_gates": (others > 0) & covered,
            "wanted": np.where(covered, others, attributes),
        }.items()
    }


def test_losses_agree(comparison: Comparison):
    ours = {name: loss for name, loss in comparison.our_losses.items() if not name.endswith("gradient_norm")}
    assert ours.keys() == comparison.their_losses.keys()
    for name, loss in comparison.their_losses.items():
        assert ours[name] == pytest.approx(loss, rel=TOLERANCE), name


def test_gradients_agree(comparison: Comparison):
    assert comparison.our_gradients.keys() == comparison.their_gradients.keys()
    for network, theirs in comparison.their_gradients.items():
        floors = without_gradient(theirs)
        assert all(path.endswith("/bias") for path in floors), network
        assert_near(comparison.our_gradients[network], theirs, floors)


def test_statistics_of_encoder_generator_and_discriminator_move(comparison: Comparison):
    before, after = (by_path(state.batch_stats) for state in (comparison.before, comparison.after))
    assert before.keys() == after.keys()
    assert {path.partition("/")[0] for path in before} == {
        "exemplar_encoder", "inpainting_generator", "image_discriminator",
    }  # fmt: skip
    assert all(not np.array_equal(before[path], after[path]) for path in before)
    kept = [after[path] / before[path] for path in after if path.endswith("norm/var")]
    assert all((each > 0.9).all() for each in kept)  # nine tenths of the 1 before, and a tenth of the batch's
