"""ELEGANT's networks: parameter counts of the published code, and agreement with PyTorch in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskgan_jax.interop import elegant, weights  # noqa: E402
from maskgan_jax.networks.elegant.decoder import ResidualDecoder  # noqa: E402
from maskgan_jax.networks.elegant.discriminator import LabelDiscriminator  # noqa: E402
from maskgan_jax.networks.elegant.encoder import LatentEncoder  # noqa: E402
from maskgan_jax.networks.normalisation import LEAST_LENGTH, UnitLengthNorm, unit_length_norm  # noqa: E402
from tests.networks import pytorch_elegant  # noqa: E402

RNG = np.random.default_rng(0)
WIDTHS = (4, 6, 5)
IMAGE = RNG.uniform(-1, 1, (2, 32, 16, 3))
TOLERANCE = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module", autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def to_torch(array) -> "torch.Tensor":
    array = np.array(array)
    return torch.from_numpy(array.transpose(0, 3, 1, 2).copy() if array.ndim == 4 else array)


def assert_same(ours, theirs: "torch.Tensor"):
    theirs = (theirs.permute(0, 2, 3, 1) if theirs.ndim == 4 else theirs).detach().numpy()
    assert theirs.std() > 1e-3, "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def randomised(network: "torch.nn.Module") -> "torch.nn.Module":
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.from_numpy(RNG.normal(size=parameter.shape)))
    return network


def variables_of(network: "torch.nn.Module", mapping) -> dict:
    arrays = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return jax.device_put(weights.to_variables(arrays, mapping)[0])


def test_encoder_and_decoder_agree_with_pytorch():
    encoder, decoder = LatentEncoder(WIDTHS, jnp.float64), ResidualDecoder(WIDTHS[-2::-1], jnp.float64)
    their_encoder = randomised(pytorch_elegant.Encoder(WIDTHS).double())
    their_decoder = randomised(pytorch_elegant.Decoder(WIDTHS).double())

    maps = encoder.apply(variables_of(their_encoder, elegant.latent_encoder(encoder)), jnp.asarray(IMAGE))
    their_maps = their_encoder(to_torch(IMAGE))
    for our, their in zip(maps, their_maps, strict=True):
        assert_same(our, their)

    *skips, own = maps
    edited = own[::-1]
    both = jnp.stack([own, edited], axis=1).reshape(4, *own.shape[1:])
    residuals = decoder.apply(variables_of(their_decoder, elegant.residual_decoder(decoder)), both, own, *skips)
    *their_skips, their_own = their_maps
    for version, their in ((0, their_own), (1, their_own.flip(0))):
        assert_same(residuals[version::2], their_decoder(their, their_own, their_skips))


@pytest.mark.parametrize("half_size", [False, True])
def test_discriminators_agree_with_pytorch(half_size):
    network = LabelDiscriminator(WIDTHS, half_size, jnp.float64)
    image, labels = RNG.uniform(-1, 1, (3, 32, 32, 3)), RNG.integers(0, 2, (3, 2)).astype(float)
    theirs = randomised(pytorch_elegant.Discriminator(2, 16 if half_size else 32, WIDTHS).double())

    logits = network.apply(
        variables_of(theirs, elegant.label_discriminator(network)), jnp.asarray(image), jnp.asarray(labels)
    )

    assert_same(logits, theirs(to_torch(image), to_torch(labels)))


def test_the_norm_and_its_gradients_agree_with_pytorch():
    x, slope = RNG.normal(size=(2, 3, 4, 5)), RNG.normal(size=(2, 3, 4, 5))
    scale, shift = np.array([1.3]), np.array([-0.2])
    result, pull_back = jax.vjp(unit_length_norm, *map(jnp.asarray, (x, scale, shift)))
    norm = pytorch_elegant.Norm().double()
    norm.alpha.data, norm.beta.data = torch.from_numpy(scale), torch.from_numpy(shift)
    theirs = to_torch(x).requires_grad_()
    their_result = norm(theirs)
    their_result.backward(to_torch(slope))

    assert_same(result, their_result)
    dx, dscale, dshift = pull_back(jnp.asarray(slope))
    assert_same(dx, theirs.grad)
    np.testing.assert_allclose(dscale, norm.alpha.grad, **TOLERANCE)
    np.testing.assert_allclose(dshift, norm.beta.grad, **TOLERANCE)


def test_pixels_of_nearly_no_length_have_finite_values_and_gradients():
    x = jnp.array([0.0, 0.0, 3e-13, 4e-13], jnp.float32).reshape(1, 1, 2, 2)
    one, nothing = jnp.ones(1, jnp.float32), jnp.zeros(1, jnp.float32)
    np.testing.assert_allclose(unit_length_norm(x, one, nothing), x / LEAST_LENGTH, rtol=1e-6)
    slopes = jax.grad(lambda *given: unit_length_norm(*given).sum(), argnums=(0, 1, 2))(x, one, nothing)
    assert all(np.isfinite(slope).all() for slope in slopes)


def test_the_norm_begins_with_scale_1_and_shift_0_and_keeps_half_precision():
    x = jnp.asarray(RNG.normal(size=(1, 2, 2, 3)), jnp.bfloat16)
    variables = UnitLengthNorm().init(jax.random.key(0), x)
    assert jax.tree.map(np.ndarray.tolist, jax.device_get(variables)) == {"params": {"scale": [1.0], "bias": [0.0]}}
    result = UnitLengthNorm().apply(variables, x)
    assert result.dtype == jnp.bfloat16
    np.testing.assert_allclose(np.linalg.norm(result.astype(float), axis=-1), 1, atol=0.01)


def array(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), jnp.float32)


SKIPS = [array(size, size, width) for size, width in ((128, 64), (64, 128), (32, 256), (16, 512))]
CODE = array(8, 8, 512)


@pytest.mark.parametrize(
    ("networks", "size", "attributes", "published"),
    [
        ([LatentEncoder()], 256, None, 3_910_794),
        ([ResidualDecoder()], 256, None, 6_269_579),
        ([LabelDiscriminator()], 256, 1, 1_682_633),
        ([LabelDiscriminator(half_size=True)], 256, 1, 1_584_329),
        ([LabelDiscriminator(), LabelDiscriminator(half_size=True)], 256, 2, 3_268_114),
        ([LabelDiscriminator()], 512, 1, 2_075_849),
        ([LabelDiscriminator(half_size=True)], 512, 1, 1_682_633),
    ],
)
def test_parameter_count_is_that_of_the_published_code(networks, size, attributes, published):
    image = array(size, size, 3)
    inputs = (CODE, CODE, *SKIPS) if isinstance(networks[0], ResidualDecoder) else (image,)
    inputs = (image, array(attributes)) if attributes else inputs
    shapes = [jax.eval_shape(network.init, jax.random.key(0), *inputs) for network in networks]
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == published
