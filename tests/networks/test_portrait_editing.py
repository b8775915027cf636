"""Networks of mask-guided portrait editing against PyTorch, at small widths and sizes."""

import copy
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from maskgan_jax.interop import entries, portrait_editing, weights
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder
from maskgan_jax.networks.portrait_editing.generator import PortraitGenerator
from maskgan_jax.networks.portrait_editing.parser_unet import ParserUNet

torch = pytest.importorskip("torch")

from launch.benchmark import pytorch_portrait_editing as reference  # noqa: E402
from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from tests.networks import pytorch_portrait_editing as judges  # noqa: E402

BATCH, CLASSES, CODE_SIZE = 2, 19, 5
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def variables_of(network: nn.Module, mapping: entries.Mapping) -> dict:
    """The variables of a PyTorch network as ours takes them."""
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return jax.device_put(weights.to_variables(arrays, mapping)[0])


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BATCH, *shape)).astype(np.float32)


def label_maps(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, CLASSES, (BATCH, size, size))


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES, dtype=np.float32)[labels]


def to_torch(x: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1) if x.ndim == 4 else x))


def assert_same(ours: Sequence[jax.Array], theirs: Sequence["torch.Tensor"]):
    for our, their in zip(ours, theirs, strict=True):
        their = their.permute(0, 2, 3, 1) if their.ndim == 4 else their
        assert their.std() > 0.01, "a constant would prove nothing"
        np.testing.assert_allclose(our, their.numpy(), **TOLERANCE)


@pytest.fixture(scope="module", autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def evaluate_and_train(network: nn.Module, variables: dict, *inputs: np.ndarray) -> tuple:
    """What the network gives in evaluation and in training, and the statistics after the latter."""

    @jax.jit
    def both(variables, *inputs):
        trained, updates = network.apply(variables, *inputs, train=True, mutable=["batch_stats"])
        return network.apply(variables, *inputs), trained, updates["batch_stats"]

    return both(variables, *inputs)


def assert_statistics(ours: dict, before: dict, theirs: dict, kept: float, pixels: int):
    """Compare the statistics after a step of one batch norm, which keeps so much of the old ones."""
    np.testing.assert_allclose(ours["mean"], theirs["mean"], **TOLERANCE)
    assert not np.allclose(ours["mean"], before["mean"], atol=0.01)
    old = kept * before["var"]
    biased = (theirs["var"] - old) * (pixels - 1) / pixels  # PyTorch keeps the unbiased variance
    np.testing.assert_allclose(ours["var"], old + biased, **TOLERANCE)


def test_an_encoder_and_its_statistics_of_which_a_step_keeps_a_tenth():
    theirs = randomise(reference.PartEncoder((12, 20), (4, 6), CODE_SIZE, head_width=7), seed=0)
    ours = PartEncoder((4, 6), CODE_SIZE, head_width=7)
    mapping = portrait_editing.part_encoder(ours)
    variables, part = variables_of(theirs, mapping), normal(1, 12, 20, 3)

    evaluated, trained, statistics = evaluate_and_train(ours, variables, part)

    assert_same(evaluated, theirs(to_torch(part)))
    assert_same(trained, theirs.train()(to_torch(part)))
    before, after = variables["batch_stats"], variables_of(theirs, mapping)["batch_stats"]
    for name, pixels in {"down_norm_0": BATCH * 6 * 10, "down_norm_1": BATCH * 3 * 5}.items():
        assert_statistics(statistics[name], before[name], after[name], 0.1, pixels)


@pytest.mark.parametrize(
    ("widths", "use_bias"), [((4, 5), True), ((), False)], ids=["two doublings", "dense layer alone, no bias"]
)
def test_a_feature_decoder(widths, use_bias):
    theirs = randomise(reference.FeatureDecoder((2, 3), 6, widths, use_bias, CODE_SIZE), seed=0)
    ours = FeatureDecoder((2, 3), 6, widths, use_bias)
    variables = variables_of(theirs, portrait_editing.feature_decoder(ours))
    code = normal(1, CODE_SIZE)

    assert_same([jax.jit(ours.apply)(variables, code)], [theirs(to_torch(code))])


def test_an_image_decoder_and_its_statistics_of_which_a_step_keeps_a_tenth():
    theirs = randomise(reference.ImageDecoder((2, 3), 6, (4, 5), True, CODE_SIZE), seed=0)
    ours = ImageDecoder((2, 3), 6, (4, 5), use_bias=True)
    mapping = portrait_editing.image_decoder(ours)
    variables, code = variables_of(theirs, mapping), normal(1, CODE_SIZE)

    evaluated, trained, statistics = evaluate_and_train(ours, variables, code)

    assert_same([evaluated], [theirs(to_torch(code))])
    assert_same([trained], [theirs.train()(to_torch(code))])
    before, after = (each["batch_stats"]["features"] for each in (variables, variables_of(theirs, mapping)))
    for name, pixels in {"up_norm_0": BATCH * 4 * 6, "up_norm_1": BATCH * 8 * 12}.items():
        assert_statistics(statistics["features"][name], before[name], after[name], 0.1, pixels)


@pytest.fixture(scope="module")
def generators() -> tuple:
    sizes = (CLASSES, (4, 5, 6), 7, 2, (6, 5), 4)
    theirs = randomise(reference.PortraitGenerator(*sizes, feature_channels=9), seed=0)
    ours = PortraitGenerator(*sizes)
    return ours, variables_of(theirs, portrait_editing.generator(ours)), theirs


@pytest.mark.slow
def test_the_generator(generators):
    ours, variables, theirs = generators
    mask, features, image = label_maps(1, 16), normal(2, 4, 4, 9), np.tanh(normal(3, 16, 16, 3))
    is_background = mask % 3 == 0

    image = jax.jit(ours.apply)(variables, mask, features, image, is_background)

    given = [to_torch(each) for each in (one_hot(mask), features, np.tanh(normal(3, 16, 16, 3)), is_background)]
    assert_same([image], [theirs(*given)])


@pytest.mark.slow
def test_the_background_enters_the_image_where_it_is_background_alone(generators):
    """Beyond the two convolutions that spread it: 3 px in the encoder, whose map is masked, and 3 px in the decoder."""
    ours, variables, _ = generators
    mask, features, photo = label_maps(1, 16), normal(2, 4, 4, 9), np.tanh(normal(3, 16, 16, 3))
    is_background = np.zeros((BATCH, 16, 16), np.float32)
    is_background[:, :, :6] = 1
    photo *= is_background[..., None]
    generate = jax.jit(ours.apply)

    difference = generate(variables, mask, features, photo, is_background) - generate(
        variables, mask, features, -photo, is_background
    )

    assert np.abs(difference[:, :, :6]).max() > 0.1
    np.testing.assert_array_equal(difference[:, :, 6 + 3 :], 0)


@pytest.mark.slow
def test_the_parsers_logits_give_the_published_probabilities():
    widths = (4, 5, 6)
    theirs = randomise(judges.ParserUNet(CLASSES, widths), seed=0)
    ours = ParserUNet(CLASSES, widths)
    image = np.tanh(normal(1, 16, 24, 3))

    logits = jax.jit(ours.apply)(variables_of(theirs, portrait_editing.parser(ours)), image)

    assert np.abs(logits).max() > 1, "tanh would change nothing"
    assert_same([jax.nn.softmax(jnp.tanh(logits))], [theirs(to_torch(image))])


@pytest.mark.slow
def test_a_discriminator_with_batch_norm_and_its_statistics_of_which_a_step_keeps_nine_tenths():
    theirs = randomise(judges.discriminator((4, 5, 6)), seed=0)
    ours = MultiScaleDiscriminator((4, 5, 6), norm="batch")
    mapping = portrait_editing.discriminator(ours)
    variables, mask, image = variables_of(theirs, mapping), one_hot(label_maps(1, 24)), np.tanh(normal(2, 24, 24, 3))

    evaluated, trained, statistics = evaluate_and_train(ours, variables, mask, image)

    for our_maps, network in ((evaluated, theirs), (trained, copy.deepcopy(theirs).train())):
        for of_scale, their_of_scale in zip(our_maps, network(to_torch(mask), to_torch(image)), strict=True):
            assert_same(of_scale, their_of_scale)
    before, after = variables["batch_stats"], variables_of(network, mapping)["batch_stats"]
    for scale, side in (("scale_0", 7), ("scale_1", 4)):
        norms = (each[scale]["norm_1"] for each in (statistics, before, after))
        assert_statistics(*norms, 0.9, BATCH * side**2)
