"""A step of SPADE against PyTorch, in float64: losses, gradients, parameters, singular vectors."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

torch = pytest.importorskip("torch")

from configs import spade  # noqa: E402
from launch.benchmark import pytorch_networks  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, weights  # noqa: E402
from maskgan_jax.networks import vgg19  # noqa: E402
from maskgan_jax.tasks.task import TrainState, init_state  # noqa: E402
from tests.networks import pytorch_spade  # noqa: E402
from tests.tasks.comparison import TOLERANCE, assert_near, by_path, without_gradient  # noqa: E402
from tests.tasks.spade.pytorch_step import Step  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow

BATCH, SIZE = 4, 32
"""As many images as each of the paper's 8 GPUs has of its 32; the code's KL is a sum over them."""
VGG19_NARROWER = 16
RATES = (2**-11, 2**-9)
"""Powers of two, for the schedule computes in float32; of encoder and generator, and of the discriminator."""
NAMES = {"spade_encoder": "E", "spade_generator": "G", "spade_discriminator": "D"}


class Comparison(NamedTuple):
    """Losses, gradients by network, and states after the step, of both sides."""

    our_losses: dict[str, np.ndarray]
    their_losses: dict[str, float]
    our_gradients: dict[str, PyTree]
    their_gradients: dict[str, PyTree]
    ours: TrainState
    theirs: dict[str, PyTree]


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    narrow = tuple(tuple(width // VGG19_NARROWER for width in block) for block in vgg19.BLOCKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg19, "BLOCKS", narrow)
        return compare(spade_config())


def spade_config() -> ConfigDict:
    config = tiny_config("spade")
    config.dtype, config.data.size, config.batch_size = "float64", SIZE, BATCH
    config.networks.spade_generator.start_size = 8
    config.networks.spade_discriminator.widths = (4, 5, 6, 7)  # feature matching weighs a map by their number
    published = spade.get_config()
    config.losses = published.losses
    config.optimiser.b1, config.optimiser.b2 = published.optimiser.b1, published.optimiser.b2
    config.optimiser.learning_rate, config.optimiser.discriminator_learning_rate = RATES
    return config


def compare(config: ConfigDict) -> Comparison:
    networks = {
        "E": pytorch_spade.Encoder(config.networks.spade_encoder.widths, config.code_size),
        "G": pytorch_spade.Generator(8, (4,), 8, config.code_size, 4),
        "D": pytorch_spade.Discriminator(config.networks.spade_discriminator.widths),
    }
    networks = {name: pytorch_spade.randomise(network.double(), 1) for name, network in networks.items()}
    features = pytorch_networks.randomise(pytorch_networks.VGG19(VGG19_NARROWER), seed=2).double()
    task = tasks.make(config)
    mappings = {name: entries.mapping_of(name, network) for name, network in task.networks.items()}

    def ours_of(name: str, state_dict: dict[str, Any]) -> PyTree:
        arrays = {key: tensor.detach().numpy().copy() for key, tensor in state_dict.items()}
        return weights.to_variables(arrays, mappings[name])[0]

    initial = {name: ours_of(name, networks[theirs].state_dict()) for name, theirs in NAMES.items()}
    initial["vgg19"] = ours_of("vgg19", features.state_dict())
    batch = random_batch()
    after, losses = jax.device_get(jax.jit(task.step)(init_state(task, jax.random.key(0), initial), batch))
    gradients = {
        network: moments
        for state in after.opt_state.values()
        for network, moments in optax.tree_utils.tree_get(state, "mu").items()
    }

    step = Step(networks, features, RATES)
    rng = jax.random.fold_in(jax.random.key(config.seed), 0)
    noise = np.array(jax.random.normal(rng, (2, BATCH, config.code_size)))
    image = (batch["image_t"] / 127.5 - 1).transpose(0, 3, 1, 2)
    mask = np.eye(19)[batch["mask_t"]].transpose(0, 3, 1, 2)
    their_losses = step.take(*(torch.from_numpy(np.ascontiguousarray(x)) for x in (mask, image, *noise)))
    their_gradients = {
        name: ours_of(name, networks[theirs].state_dict() | step.gradients[theirs])["params"]
        for name, theirs in NAMES.items()
    }
    theirs = {name: ours_of(name, networks[theirs].state_dict()) for name, theirs in NAMES.items()}
    values = {name: loss.item() for name, loss in their_losses.items()}
    return Comparison(losses, values, gradients, their_gradients, after, theirs)


def random_batch() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "image_t": rng.integers(0, 256, (BATCH, SIZE, SIZE, 3), np.uint8),
        "mask_t": rng.integers(0, 19, (BATCH, 8, 8), np.uint8).repeat(SIZE // 8, 1).repeat(SIZE // 8, 2),
        "index": np.arange(BATCH),
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


def test_parameters_after_the_step_agree_and_the_discriminators_move_faster(comparison: Comparison):
    for network in NAMES:
        rate = RATES[network == "spade_discriminator"]
        floors = dict.fromkeys(without_gradient(comparison.their_gradients[network]), 2.1 * rate)
        assert_near(comparison.ours.params[network], comparison.theirs[network]["params"], floors)


def test_statistics_after_two_forwards_agree(comparison: Comparison):
    """But variances, which are unbiased in PyTorch. Biases before a norm move at random, see `NO_GRADIENT`."""
    for network in NAMES:
        ours, theirs = (by_path(each[network]) for each in (comparison.ours.batch_stats, stats_of(comparison.theirs)))
        assert ours.keys() == theirs.keys()
        for path, their in theirs.items():
            if not path.endswith("/var"):
                allowed = RATES[0] if path.endswith("/mean") else TOLERANCE
                np.testing.assert_allclose(ours[path], their, rtol=0, atol=allowed, err_msg=path)


def stats_of(variables: dict[str, PyTree]) -> dict[str, PyTree]:
    return {name: each["batch_stats"] for name, each in variables.items()}
