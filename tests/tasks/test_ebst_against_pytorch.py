"""A step of EBST against Algorithm 1 in PyTorch, in float64: losses, gradients, every parameter, the EMA.

The two differ by rounding, 1e-14 of a tensor's largest entry; 1e-9 is allowed.
"""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import numpy as np
import optax
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812

from launch.benchmark import pytorch_ebst, pytorch_networks  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, weights  # noqa: E402
from maskgan_jax.networks import vgg19  # noqa: E402
from maskgan_jax.tasks.task import init_state, swap_levels  # noqa: E402
from tests.interop import small  # noqa: E402
from tests.tasks.comparison import TOLERANCE, assert_near, without_gradient  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow

BATCH_SIZE, SIZE = 4, 32
VGG19_NARROWER = 16
"""Divides VGG19's widths: in float64 the full network would take most of the time."""

LEARNING_RATE = 2**-11
"""A power of two, for the schedule computes in float32."""


class Outcome(NamedTuple):
    """A step's losses and the state after it: trees of arrays in Flax's layout.

    `first_moments` are Adam's by optimiser and network: after one step, 1 - b1 times the gradient.
    """

    losses: dict[str, np.ndarray]
    first_moments: dict[str, dict[str, PyTree]]
    params: dict[str, PyTree]
    batch_stats: dict[str, PyTree]
    ema_params: dict[str, PyTree]


class Comparison(NamedTuple):
    ours: Outcome
    theirs: Outcome


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("sequential", 1), id="sequential"),
        pytest.param(("sequential", 2), id="sequential in 2 microbatches", marks=pytest.mark.long),
        pytest.param(("joint", 1), id="joint"),
    ],
)
def comparison(request: pytest.FixtureRequest) -> Comparison:
    """A step from the same state on the same batch."""
    config = ebst_config()
    config.updates, config.accumulation_steps = request.param
    narrow = tuple(tuple(width // VGG19_NARROWER for width in block) for block in vgg19.BLOCKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg19, "BLOCKS", narrow)
        return compare(config)


def ebst_config() -> ConfigDict:
    config = tiny_config("ebst")
    config.dtype = "float64"
    config.data.size = SIZE
    config.networks.mask_vae.widths = (4, 4, 8)
    config.losses.lambda_percept = 10.0
    config.optimiser.learning_rate = LEARNING_RATE
    return config


def random_networks(config: ConfigDict) -> pytorch_ebst.Networks:
    return pytorch_ebst.Networks(
        small.reference("generator", config, seed=0).double(),
        small.reference("discriminator", config, seed=1).double(),
        pytorch_networks.randomise(pytorch_networks.VGG19(VGG19_NARROWER), seed=2).double(),
        small.reference("mask_vae", config, seed=3).double(),
        small.reference("blender", config, seed=4).double(),
    )


def random_batch() -> dict[str, np.ndarray]:
    """Return photos, and masks of 4 px squares."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 19, (2, BATCH_SIZE, SIZE // 4, SIZE // 4), np.uint8)
    mask_t, mask_ref = coarse.repeat(4, axis=2).repeat(4, axis=3)
    photos = rng.integers(0, 256, (BATCH_SIZE, SIZE, SIZE, 3), np.uint8)
    return {"image_t": photos, "mask_t": mask_t, "mask_ref": mask_ref, "index": np.arange(BATCH_SIZE)}


def batch_in_pytorch() -> pytorch_ebst.Batch:
    arrays = {name: torch.from_numpy(array).long() for name, array in random_batch().items()}
    mask_t, mask_ref = (F.one_hot(arrays[name], 19).permute(0, 3, 1, 2).double() for name in ("mask_t", "mask_ref"))
    return pytorch_ebst.Batch(mask_t, mask_ref, arrays["image_t"].permute(0, 3, 1, 2).double() / 127.5 - 1)


def compare(config: ConfigDict) -> Comparison:
    task = tasks.make(config)

    def to_flax(name: str, tensors: dict[str, torch.Tensor]) -> dict[str, PyTree]:
        """Return a network's tensors, by their entries in its state dict, as Flax variables."""
        arrays = {entry: tensor.detach().numpy() for entry, tensor in tensors.items()}
        return weights.to_variables(arrays, entries.mapping_of(name, task.networks[name]))[0]

    networks = random_networks(config)
    before = {name: to_flax(name, network.state_dict()) for name, network in networks._asdict().items()}
    return Comparison(our_step(task, before), their_step(config, networks, to_flax))


def our_step(task: tasks.Task, variables: dict[str, dict[str, PyTree]]) -> Outcome:
    before = init_state(task, jax.random.key(0), variables)
    after, losses = jax.device_get(jax.jit(task.step)(before, random_batch()))
    moments = {name: optax.tree_utils.tree_get(state, "mu") for name, state in after.opt_state.items()}
    return Outcome(losses, moments, after.params, after.batch_stats, after.ema_params)


def their_step(config: ConfigDict, networks: pytorch_ebst.Networks, to_flax: Callable) -> Outcome:
    before = copy.deepcopy(networks)
    optimisers = pytorch_ebst.make_optimisers(networks, config)
    losses = pytorch_ebst.step(networks, optimisers, config, batch_in_pytorch())

    moments = {name: {} for name in optimisers}
    for name, optimiser in optimisers.items():
        for network_name, network in networks._asdict().items():
            parameters = dict(network.named_parameters())
            if all(parameter in optimiser.state for parameter in parameters.values()):
                tensors = {entry: optimiser.state[parameter]["exp_avg"] for entry, parameter in parameters.items()}
                moments[name][network_name] = to_flax(network_name, tensors)["params"]

    old, new = before.generator.state_dict(), networks.generator.state_dict()
    ema = {name: config.ema_decay * old[name] + (1 - config.ema_decay) * new[name] for name in new}
    after = swap_levels({name: to_flax(name, network.state_dict()) for name, network in networks._asdict().items()})
    return Outcome(
        {name: loss.item() for name, loss in losses.items()},
        moments,
        after["params"],
        after["batch_stats"],
        {"generator": to_flax("generator", ema)["params"]},
    )


def test_the_simulated_edits_are_two_masks_other_than_the_photos_own():
    """The premise of the comparison: G_B's loss depends on both."""
    config = ebst_config()
    batch = batch_in_pytorch()
    inter, outer = pytorch_ebst.simulate_edits(random_networks(config).mask_vae, config.lambda_inter, batch)
    for one, other in ((inter, outer), (inter, batch.mask_t), (outer, batch.mask_t)):
        assert (one != other).any(1).float().mean((1, 2)).min() > 0.1


def test_losses_agree(comparison: Comparison):
    assert comparison.ours.losses.keys() == comparison.theirs.losses.keys()
    for name, loss in comparison.theirs.losses.items():
        assert comparison.ours.losses[name] == pytest.approx(loss, rel=TOLERANCE), name


def test_gradients_of_every_optimiser_agree(comparison: Comparison):
    ours, theirs = comparison.ours.first_moments, comparison.theirs.first_moments
    assert {name: each.keys() for name, each in ours.items()} == {name: each.keys() for name, each in theirs.items()}
    for optimiser, networks in theirs.items():
        for network, moments in networks.items():
            floors = without_gradient(moments)
            assert all(path.endswith("/bias") for path in floors)
            assert_near(ours[optimiser][network], moments, floors)


def test_parameters_and_batch_statistics_after_the_step_agree(comparison: Comparison):
    ours, theirs = comparison.ours, comparison.theirs
    moments = {network: each for networks in theirs.first_moments.values() for network, each in networks.items()}
    for network, params in theirs.params.items():
        undetermined = without_gradient(moments[network]) if network in moments else ()
        assert_near(ours.params[network], params, dict.fromkeys(undetermined, 1e-3 * LEARNING_RATE))
    assert_near(ours.batch_stats, theirs.batch_stats, {})


def test_the_ema_of_the_generator_agrees(comparison: Comparison):
    moments = comparison.theirs.first_moments["generator_b"]["generator"]
    floors = {f"generator/{path}": 1e-3 * LEARNING_RATE for path in without_gradient(moments)}
    assert_near(comparison.ours.ema_params, comparison.theirs.ema_params, floors)
