"""SPADE's networks against PyTorch in float64, in training and at test: outputs, running statistics, gradients."""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812

from maskgan_jax.interop import entries, spade, weights  # noqa: E402
from maskgan_jax.networks.batch_norm import BatchNorm  # noqa: E402
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator  # noqa: E402
from maskgan_jax.networks.layers import LabelConv  # noqa: E402
from maskgan_jax.networks.spade.encoder import StyleEncoder  # noqa: E402
from maskgan_jax.networks.spade.generator import SpadeGenerator  # noqa: E402
from maskgan_jax.networks.spectral_norm import SpectralConv  # noqa: E402
from tests.networks import pytorch_spade as reference  # noqa: E402

TOLERANCE = 1e-9
BATCH, SIZE, CODE = 3, 16, 5
ENCODER = StyleEncoder((4, 6), CODE, "float64")
GENERATOR = SpadeGenerator(8, (6, 4), 2, CODE, 7, dtype="float64")
DISCRIMINATOR = MultiScaleDiscriminator((4, 5, 6, 7), norm="spectral_instance", dtype="float64")


@pytest.fixture(scope="module", autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def images(size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (BATCH, size, size, 3))


def label_maps(size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 19, (BATCH, size, size)).astype(np.uint8)


def codes() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(BATCH, CODE))


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(19)[labels]


def nchw(x: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(x.transpose(0, 3, 1, 2).copy() if x.ndim == 4 else x)


def variables_of(network: "torch.nn.Module", mapping: entries.Mapping) -> dict:
    arrays = {name: tensor.detach().numpy().copy() for name, tensor in network.state_dict().items()}
    return jax.device_put(weights.to_variables(arrays, mapping)[0])


def assert_near(ours, theirs):
    theirs = np.asarray(theirs.detach() if isinstance(theirs, torch.Tensor) else theirs)
    theirs = theirs.transpose(0, 2, 3, 1) if theirs.ndim == 4 else theirs
    assert theirs.std() > 0.01, "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max())


CASES = {
    "encoder": (
        ENCODER, spade.spade_encoder, partial(reference.Encoder, (4, 6), CODE),
        lambda: (images(),), lambda: (images(),),
    ),
    "encoder of larger photos": (
        ENCODER, spade.spade_encoder, partial(reference.Encoder, (4, 6), CODE),
        lambda: (images(32),), lambda: (images(32),),
    ),
    "encoder of smaller photos": (
        ENCODER, spade.spade_encoder, partial(reference.Encoder, (4, 6), CODE),
        lambda: (images(12),), lambda: (images(12),),
    ),
    "generator": (
        GENERATOR, spade.spade_generator, partial(reference.Generator, 8, (6, 4), 2, CODE, 7),
        lambda: (label_maps(), codes()), lambda: (one_hot(label_maps()), codes()),
    ),
    "generator, doubled once more": (
        GENERATOR, spade.spade_generator, partial(reference.Generator, 8, (6, 4), 2, CODE, 7, more=True),
        lambda: (label_maps(32), codes()), lambda: (one_hot(label_maps(32)), codes()),
    ),
    "discriminator": (
        DISCRIMINATOR, spade.spade_discriminator, partial(reference.Discriminator, (4, 5, 6, 7)),
        lambda: (one_hot(label_maps(32)), images(32)), lambda: (one_hot(label_maps(32)), images(32)),
    ),
}  # fmt: skip
"""Our network, its entry names, the same in PyTorch, and what each of the two takes."""


def case(name: str):
    module, mapping_of, make, ours, theirs = CASES[name]
    network = reference.randomise(make().double(), seed=0)
    return module, mapping_of(module), network, jax.device_put(ours()), [nchw(x) for x in theirs()]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_forwards_in_training_and_one_at_test_are_pytorchs_and_so_are_the_statistics(name):
    module, mapping, network, ours, theirs = case(name)
    variables = variables_of(network, mapping)
    train = jax.jit(partial(module.apply, train=True, mutable=["batch_stats"]))

    network.train()
    for _ in range(2):
        outputs, moved = train(variables, *ours)
        variables = {**variables, **moved}
        jax.tree.map(assert_near, jax.tree.leaves(outputs), jax.tree.leaves(network(*theirs)))
    assert_statistics(variables, variables_of(network, mapping), name)

    network.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    outputs = jax.jit(module.apply)(variables_of(network, mapping), *ours)
    jax.tree.map(assert_near, jax.tree.leaves(outputs), jax.tree.leaves(network(*theirs)))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def assert_statistics(ours: dict, theirs: dict, name: str) -> None:
    flat_ours, flat_theirs = (
        {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree["batch_stats"])}
        for tree in (ours, theirs)
    )
    assert flat_ours.keys() == flat_theirs.keys()
    for path, their in flat_theirs.items():
        if path.endswith("['var']"):
            continue  # PyTorch's running variances are unbiased; see the test of the norm
        np.testing.assert_allclose(flat_ours[path], their, rtol=0, atol=TOLERANCE, err_msg=f"{name} {path}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["encoder", "generator", "discriminator"])
def test_gradients_in_training_are_pytorchs(name):
    module, mapping, network, ours, theirs = case(name)
    variables = variables_of(network, mapping)
    network.train()

    def loss(params):
        outputs, _ = module.apply({**variables, "params": params}, *ours, train=True, mutable=["batch_stats"])
        return sum(jnp.square(each - 0.3).mean() for each in jax.tree.leaves(outputs))

    gradients = jax.jit(jax.grad(loss))(variables["params"])

    sum((each - 0.3).square().mean() for each in jax.tree.leaves(network(*theirs))).backward()
    state = {key: torch.zeros_like(value) for key, value in network.state_dict().items()}
    state |= {key: parameter.grad for key, parameter in network.named_parameters()}
    expected, _ = weights.to_variables({key: value.numpy() for key, value in state.items()}, mapping)
    largest = max(np.abs(each).max() for each in jax.tree.leaves(expected["params"]))
    jax.tree.map(
        lambda our, their: np.testing.assert_allclose(our, their, rtol=0, atol=TOLERANCE * largest),
        gradients,
        expected["params"],
    )


@pytest.mark.slow
def test_the_running_variance_is_that_of_the_batch_and_there_is_no_scale():
    x = jnp.asarray(np.random.default_rng(0).normal(2, 3, (4, 5, 5, 6)))
    norm = BatchNorm(affine=False, dtype="float64")
    variables = norm.init(jax.random.key(0), x, True)
    assert set(variables) == {"batch_stats"}

    y, moved = norm.apply(variables, x, True, mutable=["batch_stats"])

    theirs = torch.nn.BatchNorm2d(6, affine=False).double()
    assert_near(y, theirs(nchw(np.array(x))))
    pixels = 4 * 5 * 5
    unbiased = pixels / (pixels - 1)
    np.testing.assert_allclose(moved["batch_stats"]["mean"], theirs.running_mean, rtol=1e-6)
    np.testing.assert_allclose(0.9 + unbiased * (moved["batch_stats"]["var"] - 0.9), theirs.running_var, rtol=1e-6)


@pytest.mark.slow
def test_label_maps_are_padded_with_no_label():
    labels = jnp.asarray(np.random.default_rng(0).integers(0, 19, (2, 9, 7)).astype(np.uint8))
    conv = LabelConv(19, 5, 3, pad_mode="zero", dtype="float64")
    variables = conv.init(jax.random.key(0), labels)
    kernel, bias = (np.array(variables["params"][name], np.float64) for name in ("kernel", "bias"))

    def total(params):
        return (conv.apply({"params": params}, labels) * jnp.arange(5)).sum()

    ours = jax.jit(conv.apply)(variables, labels)
    gradients = jax.jit(jax.grad(total))({"kernel": kernel, "bias": bias})

    theirs = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()).requires_grad_()
    result = F.conv2d(nchw(one_hot(np.array(labels))), theirs, torch.from_numpy(bias), padding=1)
    np.testing.assert_allclose(ours, result.detach().permute(0, 2, 3, 1), rtol=0, atol=1e-6)
    (result * torch.arange(5)[:, None, None]).sum().backward()
    np.testing.assert_allclose(gradients["kernel"], theirs.grad.permute(2, 3, 1, 0), rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_a_new_spectral_norm_has_its_sign_and_iterations_lead_to_the_largest_singular_value():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 8, 8, 4)))
    conv = SpectralConv(6, 3, dtype="float64", use_bias=False)
    variables = conv.init(jax.random.key(1), x, False)
    kernel = np.asarray(variables["params"]["kernel"], np.float64)
    largest = np.linalg.svd(kernel.reshape(-1, 6))[1][0]

    def divided_by(variables) -> float:
        return float((kernel[0, 0, 0, 0] / conv.apply(variables, one_pixel, False))[0, 0, 0, 0])

    one_pixel = jnp.zeros((1, 3, 3, 4)).at[0, 0, 0, 0].set(1)
    assert 0.3 * largest < divided_by(variables) <= largest * (1 + 1e-6)
    for _ in range(200):
        _, moved = conv.apply(variables, x, True, mutable=["batch_stats"])
        variables = {**variables, **moved}
    assert divided_by(variables) == pytest.approx(largest, rel=1e-6)


def test_a_size_that_the_widths_do_not_lead_to_is_refused():
    with pytest.raises(ValueError, match=r"its widths lead to \(16, 32\) px, not 24"):
        jax.eval_shape(GENERATOR.init, jax.random.key(0), label_maps(24), codes())


@pytest.mark.slow
def test_recomputed_activations_change_no_gradient_and_no_statistics():
    shapes = jax.eval_shape(GENERATOR.init, jax.random.key(0), label_maps(), codes())
    rng, inputs = np.random.default_rng(0), jax.device_put((label_maps(), codes()))
    variables = jax.tree.map(lambda leaf: jnp.asarray(0.2 + 0.3 * rng.uniform(size=leaf.shape)), shapes)

    def loss(module, params):
        image, moved = module.apply({**variables, "params": params}, *inputs, True, mutable=["batch_stats"])
        return jnp.square(image - 0.5).mean(), moved

    kept, again = (
        jax.jit(jax.grad(partial(loss, GENERATOR.clone(remat=remat)), has_aux=True))(variables["params"])
        for remat in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE), kept, again)
