"""A step of portrait editing against PyTorch, in float64: losses, gradients, parameters, statistics, the EMA."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
import optax
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, weights  # noqa: E402
from maskgan_jax.networks import vgg19  # noqa: E402
from maskgan_jax.tasks.pixels import to_image  # noqa: E402
from maskgan_jax.tasks.portrait_editing.faces import mirror, read_layout, read_source, read_target  # noqa: E402
from maskgan_jax.tasks.task import init_state, swap_levels  # noqa: E402
from tests.tasks.comparison import TOLERANCE, assert_near, by_path, without_gradient  # noqa: E402
from tests.tasks.portrait_editing import pytorch_step  # noqa: E402
from tests.tasks.portrait_editing.test_parts import faces  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow

VGG19_NARROWER = 16
"""Divides VGG19's widths: in float64 the full network would take most of the time."""

LEARNING_RATE = 2**-11
"""A power of two, for the schedule computes in float32."""


class Outcome(NamedTuple):
    """A step's losses, Adam's first moments by optimiser and network, and the state after the step."""

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


@pytest.fixture(scope="module", params=["joint", pytest.param("sequential", marks=pytest.mark.long)])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    """A step from the same state on the same batch."""
    config = step_config(request.param)
    narrow = tuple(tuple(width // VGG19_NARROWER for width in block) for block in vgg19.BLOCKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg19, "BLOCKS", narrow)
        return compare(config)


def step_config(updates: str) -> ConfigDict:
    """Every term of the loss is on and moves the gradient."""
    config = tiny_config("portrait_editing")
    config.dtype = "float64"
    config.updates = updates
    config.batch_size = 3
    config.optimiser.learning_rate = LEARNING_RATE
    config.losses.update(lambda_local=5.0, lambda_global=3.0, lambda_feat=2.0, lambda_parsing=0.5, lambda_kl=0.01)
    config.losses.update(lambda_percept=0.1, lambda_colour=0.7, global_by_part=updates == "joint")
    config.parts.norm_momentum = 0.1
    return config


def random_batch() -> dict[str, np.ndarray]:
    """Return three different photos, with a face, no face and squares of 4 px as label maps."""
    rng = np.random.default_rng(0)
    squares = rng.integers(0, 19, (16, 16), np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return {
        "image_t": rng.integers(0, 256, (3, 64, 64, 3), np.uint8),
        "mask_t": np.stack([*faces(64)[:2], squares]),
        "region": (rng.random((3, 64, 64)) < 0.2).astype(np.uint8),
        "index": np.arange(3),
    }


def compare(config: ConfigDict) -> Comparison:
    task = tasks.make(config)
    networks = pytorch_step.make_networks(config, VGG19_NARROWER)
    assert networks.keys() == task.networks.keys()
    for seed, (name, network) in enumerate(networks.items()):
        randomise(network, seed).double().train(name != "face_parser")

    def to_flax(name: str, tensors: dict[str, torch.Tensor]) -> dict[str, PyTree]:
        arrays = {entry: tensor.detach().numpy() for entry, tensor in tensors.items()}
        return weights.to_variables(arrays, entries.mapping_of(name, task.networks[name]))[0]

    before = {name: to_flax(name, network.state_dict()) for name, network in networks.items()}
    return Comparison(our_step(task, before), their_step(config, networks, to_flax))


def our_step(task: tasks.Task, variables: dict[str, dict[str, PyTree]]) -> Outcome:
    before = init_state(task, jax.random.key(0), variables)
    after, losses = jax.device_get(jax.jit(task.step)(before, random_batch()))
    moments = {name: optax.tree_utils.tree_get(state, "mu") for name, state in after.opt_state.items()}
    return Outcome(losses, moments, after.params, after.batch_stats, after.ema_params)


def their_step(config: ConfigDict, networks: pytorch_step.Networks, to_flax) -> Outcome:
    batch, old = random_batch(), copy.deepcopy(networks)
    read = jax.jit(partial(read_faces, config))
    batch |= jax.device_get(read(*(batch[name] for name in ("image_t", "mask_t", "region"))))
    step = pytorch_step.Step(networks, config, batch)
    losses = step.take()

    moments = {name: {} for name in step.optimisers}
    for name, optimiser in step.optimisers.items():
        for network_name, network in networks.items():
            parameters = dict(network.named_parameters())
            if all(parameter in optimiser.state for parameter in parameters.values()):
                tensors = {entry: optimiser.state[parameter]["exp_avg"] for entry, parameter in parameters.items()}
                moments[name][network_name] = to_flax(network_name, tensors | dict(network.named_buffers()))["params"]
    after = swap_levels({name: to_flax(name, network.state_dict()) for name, network in networks.items()})
    ema = {}
    for name in networks:
        if name.startswith(("encoder", "decoder", "portrait")):
            initial, final = old[name].state_dict(), networks[name].state_dict()
            mixed = {key: config.ema_decay * initial[key] + (1 - config.ema_decay) * final[key] for key in final}
            ema[name] = to_flax(name, mixed)["params"]
    values = {name: loss.item() for name, loss in losses.items()}
    return Outcome(values, moments, after["params"], after["batch_stats"], ema)


def read_faces(config: ConfigDict, photos: jax.Array, masks: jax.Array, region: jax.Array) -> dict:
    """Return what the networks read of the batch, which has tests of its own, and the noise of the first step."""
    image, layout = to_image(photos), read_layout(masks, config.enlarge_parts)
    rng = jax.random.fold_in(jax.random.key(config.seed), 0)
    mirrored = jax.random.bernoulli(jax.random.fold_in(rng, 1), shape=(len(photos),))
    source_image, source_labels = mirror(image, masks, mirrored)
    return {
        "source": read_source(source_image, read_layout(source_labels, config.enlarge_parts)),
        "target": read_target(image, layout, region > 0),
        "source_image": source_image,
        "source_labels": source_labels,
        "noise": jax.random.normal(rng, (len(photos), 5, config.parts.code_size)),
    }


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
            assert all(path.endswith("/bias") for path in floors), network
            assert_near(ours[optimiser][network], moments, floors)


def test_parameters_after_the_step_and_their_ema_agree_and_parser_and_vgg19_stay(comparison: Comparison):
    ours, theirs = comparison.ours, comparison.theirs
    moments = {network: each for networks in theirs.first_moments.values() for network, each in networks.items()}
    assert theirs.params.keys() - moments.keys() == {"face_parser", "vgg19"}
    for network, params in theirs.params.items():
        floors = dict.fromkeys(without_gradient(moments[network]), 1e-3 * LEARNING_RATE) if network in moments else {}
        assert_near(ours.params[network], params, floors)
        if network in theirs.ema_params:
            assert_near(ours.ema_params[network], theirs.ema_params[network], floors)
    assert ours.ema_params.keys() == theirs.ema_params.keys()


def test_running_means_after_the_step_agree(comparison: Comparison):
    """Those of the discriminators count photos and faces of their own update alone; PyTorch's count all passes."""
    ours, theirs = comparison.ours.batch_stats, comparison.theirs.batch_stats
    assert ours.keys() == theirs.keys()
    for network in theirs.keys() - {"discriminator", "discriminator_unpaired"}:
        means = [
            {path: each for path, each in by_path(side[network]).items() if "mean" in path} for side in (ours, theirs)
        ]
        assert_near(*means, dict.fromkeys(means[0], 1e-3 * LEARNING_RATE))
