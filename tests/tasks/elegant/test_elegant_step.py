"""Two steps of ELEGANT against PyTorch and its own Adam, in float64: losses and every parameter after them."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from data_pipeline.celeba_attributes import columns_of  # noqa: E402
from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import elegant, weights  # noqa: E402
from maskgan_jax.tasks.elegant.system import DECODER, DISCRIMINATORS, ENCODER  # noqa: E402
from maskgan_jax.tasks.task import init_state  # noqa: E402
from tests.networks import pytorch_elegant  # noqa: E402
from tests.tasks.comparison import TOLERANCE, by_path  # noqa: E402
from tests.tasks.elegant import pytorch_step  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow

SIZE, PAIRS, STEPS = 16, 4, 2
RATE, L2 = 2.0**-10, 0.03
ATTRIBUTES = ("Smiling", "Mouth_Slightly_Open")


class Comparison(NamedTuple):
    """Losses of each step, and the parameters by network before and after, of both sides; our compiled step."""

    our_losses: list[dict[str, float]]
    their_losses: list[dict[str, float]]
    program: str
    before: dict[str, dict]
    ours: dict[str, dict]
    theirs: dict[str, dict]


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module", params=[1, 2], ids=["whole", "microbatches"])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    config = tiny_config("elegant")
    config.dtype, config.data.size, config.attributes = "float64", SIZE, ATTRIBUTES
    # Optax computes rates in float32, which has these.
    config.optimiser.learning_rate, config.optimiser.decay_every_steps, config.optimiser.decay_factor = RATE, 1, 0.5
    config.batch_size, config.accumulation_steps = PAIRS, request.param
    config.optimiser.l2 = L2
    task = tasks.make(config)
    rng = np.random.default_rng(0)
    state = init_state(task, jax.random.key(0), {})
    before = jax.tree.map(lambda leaf: np.asarray(leaf) + 0.2 * rng.normal(size=leaf.shape), state.params)
    state = state.replace(params=before, ema_params={name: before[name] for name in state.ema_params})

    widths = config.networks.latent_encoder.widths
    discriminator_widths = config.networks.label_discriminator_1.widths
    networks = pytorch_step.Networks(
        pytorch_elegant.Encoder(widths).double(),
        pytorch_elegant.Decoder(widths).double(),
        tuple(pytorch_elegant.Discriminator(2, size, discriminator_widths).double() for size in (SIZE, SIZE // 2)),
    )
    by_name = dict(zip((ENCODER, DECODER, *DISCRIMINATORS), (*networks[:2], *networks.discriminators), strict=True))
    functions = (
        elegant.latent_encoder, elegant.residual_decoder, elegant.label_discriminator, elegant.label_discriminator,
    )  # fmt: skip
    mappings = {name: function(task.networks[name].module) for name, function in zip(by_name, functions, strict=True)}
    for name, network in by_name.items():
        arrays = weights.to_state_dict({"params": before[name]}, {}, mappings[name])
        network.load_state_dict({entry: torch.from_numpy(np.array(array)) for entry, array in arrays.items()})

    batches = [random_batch(rng) for _ in range(STEPS)]
    step, our_losses = jax.jit(task.step).lower(state, batches[0]).compile(), []
    for batch in batches:
        state, losses = step(state, batch)
        our_losses.append({name: float(value) for name, value in losses.items()})

    groups = {"generator": (ENCODER, DECODER), "discriminator": DISCRIMINATORS}
    settings = {"lr": RATE, "betas": (0.5, 0.999), "weight_decay": L2}
    optimisers = {
        group: torch.optim.Adam([leaf for name in names for leaf in by_name[name].parameters()], **settings)
        for group, names in groups.items()
    }
    their_losses = []
    for batch in batches:
        their_losses += pytorch_step.take_two_steps(networks, optimisers, [pairs_of(batch)], len(ATTRIBUTES))
        for optimiser in optimisers.values():
            optimiser.param_groups[0]["lr"] *= 0.5
    theirs = {
        name: weights.to_variables(
            {entry: tensor.detach().numpy() for entry, tensor in network.state_dict().items()}, mappings[name]
        )[0]["params"]
        for name, network in by_name.items()
    }
    return Comparison(our_losses, their_losses, step.as_text(), before, jax.device_get(state.params), theirs)


def random_batch(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return pairs of which even rows differ in the first attribute and odd ones in the second."""
    attributes = {name: rng.choice([-1, 1], (PAIRS, 40)).astype(np.int8) for name in ("attributes", "attributes_ref")}
    differing = np.resize(np.array(columns_of(ATTRIBUTES), np.int8), PAIRS)
    rows = np.arange(PAIRS)
    attributes["attributes_ref"][rows, differing] = -attributes["attributes"][rows, differing]
    photos = {name: rng.integers(0, 256, (PAIRS, SIZE, SIZE, 3), np.uint8) for name in ("image_t", "image_ref")}
    return {**photos, **attributes, "differing_attribute": differing, "index": rows}


def pairs_of(batch: dict[str, np.ndarray]) -> dict[int, pytorch_step.Pair]:
    """Return the rows of each attribute as PyTorch's tensors."""
    places = np.array(columns_of(ATTRIBUTES))

    def images(name: str, rows: slice) -> torch.Tensor:
        return torch.from_numpy((batch[name][rows] / 127.5 - 1).transpose(0, 3, 1, 2).copy())

    def labels(name: str, rows: slice) -> torch.Tensor:
        return torch.from_numpy((batch[name][rows][:, places] > 0).astype(float))

    pairs = {}
    for attribute in range(len(ATTRIBUTES)):
        rows = slice(attribute, None, len(ATTRIBUTES))
        pairs[attribute] = pytorch_step.Pair(
            (images("image_t", rows), images("image_ref", rows)),
            (labels("attributes", rows), labels("attributes_ref", rows)),
        )
    return pairs


def test_losses_agree(comparison: Comparison):
    for ours, theirs in zip(comparison.our_losses, comparison.their_losses, strict=True):
        ours = {name: loss for name, loss in ours.items() if not name.endswith("gradient_norm")}
        assert ours == pytest.approx(theirs, rel=TOLERANCE)


def test_parameters_after_two_updates_with_l2_and_a_falling_rate_agree(comparison: Comparison):
    before, ours, theirs = (by_path(tree) for tree in (comparison.before, comparison.ours, comparison.theirs))
    assert ours.keys() == theirs.keys()
    for path, their in theirs.items():
        assert ours[path].dtype == np.float64
        assert np.abs(their - before[path]).max() > 1e-4, path
        np.testing.assert_allclose(ours[path], their, rtol=0, atol=1e-11, err_msg=path)


def test_both_updates_share_a_forward_pass_where_there_are_no_microbatches(comparison: Comparison, request):
    """The decoder's tanh, of A', B', C and D of all pairs, is in the program once; in a loop over parts twice."""
    count = comparison.program.count(" tanh(")
    assert count == (1 if "whole" in request.node.name else 2)
