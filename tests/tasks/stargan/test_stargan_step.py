"""A step of StarGAN against PyTorch in float64: two updates of D, the gradient penalty in each, then one of G."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

torch = pytest.importorskip("torch")
F = pytest.importorskip("torch.nn.functional")

from maskgan_jax import tasks  # noqa: E402
from maskgan_jax.interop import entries, weights  # noqa: E402
from maskgan_jax.tasks.stargan.system import DISCRIMINATOR, GENERATOR  # noqa: E402
from maskgan_jax.tasks.task import init_state  # noqa: E402
from tests.networks import pytorch_stargan as reference  # noqa: E402
from tests.tasks.comparison import TOLERANCE, assert_near  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.slow

SIZE, ROWS = 16, 6
COLUMNS = (31, 20)
"""Of Smiling and Male among CelebA's attributes."""


class Outcome(NamedTuple):
    """Losses by name, first moments of Adam and parameters by network, after a step."""

    losses: dict[str, float]
    moments: dict[str, PyTree]
    params: dict[str, PyTree]


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def step_config() -> ConfigDict:
    """Return a config whose terms all move the gradients, with a rate that float32 holds exactly."""
    config = tiny_config("stargan")
    config.dtype, config.data.size, config.batch_size = "float64", SIZE, ROWS
    config.attributes = ("Smiling", "Male")
    config.optimiser.learning_rate = 2**-7
    config.losses.update(lambda_cls=1.3, lambda_cls_real=0.8, lambda_rec=3.0, lambda_gp=0.7, lambda_unchanged=2.0)
    return config


def random_batch() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    attributes = rng.integers(-1, 2, (ROWS, 40)).astype(np.int8)
    attributes[4] = attributes[3]
    return {
        "image_t": rng.integers(0, 256, (ROWS, SIZE, SIZE, 3), np.uint8),
        "attributes": attributes,
        "index": np.arange(ROWS),
    }


@pytest.fixture(scope="module")
def outcomes() -> tuple[Outcome, Outcome]:
    """Ours and PyTorch's, from the same networks on the same batch."""
    config = step_config()
    task, networks = tasks.make(config), make_networks(config)

    def to_flax(name: str, tensors: dict[str, torch.Tensor]) -> dict[str, PyTree]:
        arrays = {entry: tensor.detach().numpy() for entry, tensor in tensors.items()}
        return weights.to_variables(arrays, entries.mapping_of(name, task.networks[name]))[0]

    before = init_state(task, jax.random.key(0), {n: to_flax(n, each.state_dict()) for n, each in networks.items()})
    after, losses = jax.device_get(jax.jit(task.step)(before, random_batch()))
    moments = {}
    for state in after.opt_state.values():
        moments |= optax.tree_utils.tree_get(state, "mu")

    their_losses, optimisers = their_step(config, networks)
    their_moments = {
        name: to_flax(name, {n: optimisers[name].state[each]["exp_avg"] for n, each in network.named_parameters()})
        for name, network in networks.items()
    }
    return Outcome(losses, moments, after.params), Outcome(
        their_losses,
        {name: each["params"] for name, each in their_moments.items()},
        {name: to_flax(name, network.state_dict())["params"] for name, network in networks.items()},
    )


def make_networks(config: ConfigDict) -> dict[str, torch.nn.Module]:
    generator = config.networks[GENERATOR]
    networks = {
        GENERATOR: reference.Generator(2, generator.widths, generator.residual_blocks),
        DISCRIMINATOR: reference.Discriminator(SIZE, 2, config.networks[DISCRIMINATOR].widths),
    }
    return {name: reference.random_weights(each, 3).double() for name, each in networks.items()}


def their_step(config: ConfigDict, networks: dict[str, torch.nn.Module]) -> tuple[dict[str, float], dict[str, Any]]:
    """Take the updates one after the other: D on even rows, D on odd rows, G on odd rows."""
    batch, settings = random_batch(), config.losses
    image = torch.from_numpy(batch["image_t"] / 127.5 - 1).permute(0, 3, 1, 2)
    known = torch.from_numpy(batch["attributes"][:, COLUMNS].astype(float))
    first_step = jax.random.fold_in(jax.random.key(config.seed), 0)
    share = torch.from_numpy(np.array(jax.random.uniform(first_step, (ROWS, 1, 1, 1), np.float64)))
    generate, discriminate = networks[GENERATOR], networks[DISCRIMINATOR]
    optimisers = {
        name: torch.optim.Adam(network.parameters(), config.optimiser.learning_rate, (0.5, 0.999))
        for name, network in networks.items()
    }
    values = {}
    for rows in (slice(0, None, 2), slice(1, None, 2)):
        photo, own, wanted, mix = image[rows], known[rows], known.roll(-1, 0)[rows], share[rows]
        with torch.no_grad():
            fake = generate(photo, (wanted + 1) / 2)
        optimisers[DISCRIMINATOR].zero_grad()
        (real_patches, logits), (fake_patches, _) = discriminate(photo), discriminate(fake)
        mixed = (mix * photo + (1 - mix) * fake).requires_grad_()
        between, _ = discriminate(mixed)
        (slope,) = torch.autograd.grad(between.sum(), mixed, create_graph=True)
        terms = {
            "wasserstein": real_patches.mean() - fake_patches.mean(),
            "attributes": class_loss(logits, own),
            "gradient_penalty": ((slope.square().sum((1, 2, 3)).sqrt() - 1) ** 2).mean(),
        }
        loss = settings.lambda_cls_real * terms["attributes"] + settings.lambda_gp * terms["gradient_penalty"]
        (loss - terms["wasserstein"]).backward()
        for name, term in terms.items():
            values[f"discriminator/{name}"] = values.get(f"discriminator/{name}", 0) + term.item() / 2
        optimisers[DISCRIMINATOR].step()

    edited = generate(photo, (wanted + 1) / 2)
    patches, logits = discriminate(edited)
    terms = {
        "adversarial": -patches.mean(),
        "attributes": class_loss(logits, wanted),
        "reconstruction": F.l1_loss(generate(edited, (own + 1) / 2), photo),
    }
    same = [place for place in range(len(photo)) if torch.equal(own[place], wanted[place])]
    assert 0 < len(same) < len(photo)
    terms["unchanged"] = F.l1_loss(edited[same], photo[same]) * len(same) / len(photo)
    optimisers[GENERATOR].zero_grad()
    loss = settings.lambda_cls * terms["attributes"] + settings.lambda_rec * terms["reconstruction"]
    (loss + settings.lambda_unchanged * terms["unchanged"] + terms["adversarial"]).backward()
    optimisers[GENERATOR].step()
    return values | {f"generator/{name}": term.item() for name, term in terms.items()}, optimisers


def class_loss(logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Sum over known attributes, divide by the rows."""
    loss = F.binary_cross_entropy_with_logits(logits, (known > 0).double(), reduction="none")
    return loss[known != 0].sum() / len(logits)


def test_losses_agree(outcomes):
    ours, theirs = outcomes
    found = {name: loss for name, loss in ours.losses.items() if not name.endswith("gradient_norm")}
    assert found.keys() == theirs.losses.keys()
    for name, loss in theirs.losses.items():
        assert found[name] == pytest.approx(loss, rel=TOLERANCE), name


def test_gradients_agree_in_the_moments_of_both_optimisers(outcomes):
    ours, theirs = outcomes
    for name in (GENERATOR, DISCRIMINATOR):
        assert_near(ours.moments[name], theirs.moments[name], {})


def test_parameters_agree_after_the_step(outcomes):
    ours, theirs = outcomes
    for name in (GENERATOR, DISCRIMINATOR):
        assert_near(ours.params[name], theirs.params[name], {})


def test_microbatches_change_nothing(outcomes):
    config = step_config()
    config.accumulation_steps = 3
    task = tasks.make(config)
    networks = make_networks(config)
    arrays = {n: {e: t.numpy() for e, t in each.state_dict().items()} for n, each in networks.items()}
    variables = {n: weights.to_variables(arrays[n], entries.mapping_of(n, task.networks[n]))[0] for n in networks}
    after, losses = jax.device_get(jax.jit(task.step)(init_state(task, jax.random.key(0), variables), random_batch()))
    for name, loss in outcomes[0].losses.items():
        assert losses[name] == pytest.approx(loss, rel=TOLERANCE), name
    assert_near(after.params, outcomes[0].params, {})
