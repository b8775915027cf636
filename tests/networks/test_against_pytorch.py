"""Whole networks against a PyTorch rendering of the published code, at small widths and 64 px."""

import copy
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.interop import entries, maskgan, torchvision, weights
from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.networks.vgg19 import VGG19

torch = pytest.importorskip("torch")

from launch.benchmark import pytorch_networks  # noqa: E402

BATCH, SIZE = 2, 64
WIDTHS = (6, 8, 10, 12)
RESIDUAL_BLOCKS = 2
STYLE_WIDTHS = (4, 6, 8)
CODE_SIZE = 5
MASK_VAE = MaskVAE(SIZE, 19, WIDTHS, CODE_SIZE)

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def variables_of(reference, mapping: entries.Mapping) -> dict:
    """The weights of a PyTorch network as our network takes them."""
    arrays = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    return jax.device_put(weights.to_variables(arrays, mapping)[0])


def images(seed: int) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (BATCH, SIZE, SIZE, 3), minval=-1, maxval=1)


def label_maps(seed: int) -> jax.Array:
    """Label maps of 8 px squares."""
    labels = jax.random.randint(jax.random.key(seed), (BATCH, SIZE // 8, SIZE // 8), 0, 19)
    return labels.repeat(8, axis=1).repeat(8, axis=2)


def masks(seed: int) -> jax.Array:
    """The same, one-hot."""
    return jax.nn.one_hot(label_maps(seed), 19)


def to_torch(x: jax.Array) -> "torch.Tensor":
    x = np.array(x)
    return torch.from_numpy(x.transpose(0, 3, 1, 2).copy() if x.ndim == 4 else x)


def assert_same(ours: Sequence[jax.Array], theirs: Sequence["torch.Tensor"]):
    for our, their in zip(ours, theirs, strict=True):
        their = their.permute(0, 2, 3, 1) if their.ndim == 4 else their
        assert their.std() > 0.01, "a constant would prove nothing"
        np.testing.assert_allclose(our, their.numpy(), **TOLERANCE)


@pytest.fixture(scope="module", autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def torch_generator():
    return pytorch_networks.randomise(
        pytorch_networks.DenseMappingNetwork(WIDTHS, RESIDUAL_BLOCKS, STYLE_WIDTHS), seed=0
    )


@pytest.fixture(scope="module")
def generator_variables(torch_generator) -> dict:
    return variables_of(torch_generator, maskgan.generator(make_generator()))


def make_generator(dtype=jnp.float32) -> DenseMappingNetwork:
    return DenseMappingNetwork(WIDTHS, RESIDUAL_BLOCKS, STYLE_WIDTHS, dtype=dtype)


@pytest.fixture(scope="module")
def generated(generator_variables) -> tuple[jax.Array, jax.Array]:
    """Style and image of the float32 generator."""
    return generate(make_generator(), generator_variables)


def generate(generator: DenseMappingNetwork, variables: dict) -> tuple[jax.Array, jax.Array]:
    @jax.jit
    def style_and_image(variables, mask, mask_t, image_t):
        style = generator.apply(variables, image_t, mask_t, method="encode_style")
        return style, generator.apply(variables, mask, style, method="generate")

    return style_and_image(variables, label_maps(0), label_maps(1), images(2))


def test_dense_mapping_network(torch_generator, generated):
    mask, mask_t, image_t = to_torch(masks(0)), to_torch(masks(1)), to_torch(images(2))

    assert_same(generated, [torch_generator.encode_style(mask_t, image_t), torch_generator(mask, mask_t, image_t)])


def test_generator_call_encodes_the_style_of_photo_and_target_mask(generator_variables, generated):
    image = jax.jit(make_generator().apply)(generator_variables, label_maps(0), label_maps(1), images(2))

    np.testing.assert_allclose(image, generated[1], **TOLERANCE)


def test_pix2pixhd_m_is_the_network_whose_mask_modulates_nothing(torch_generator):
    identity = copy.deepcopy(torch_generator)
    for sft in (identity.enc_style.sft1, identity.enc_style.sft2):
        for convolution, constant in ((sft.SFT_scale_conv2, 1.0), (sft.SFT_shift_conv2, 0.0)):
            torch.nn.init.zeros_(convolution.weight)
            torch.nn.init.constant_(convolution.bias, constant)
    network = DenseMappingNetwork(WIDTHS, RESIDUAL_BLOCKS, STYLE_WIDTHS, style_uses_mask=False)
    of_the_mask = ("enc_label.", "enc_style.sft")
    kept = {name: tensor for name, tensor in identity.state_dict().items() if not name.startswith(of_the_mask)}
    arrays = {name: tensor.numpy() for name, tensor in kept.items()}
    variables = jax.device_put(weights.to_variables(arrays, maskgan.generator(network))[0])

    ours = generate(network, variables)

    mask, mask_t, image_t = to_torch(masks(0)), to_torch(masks(1)), to_torch(images(2))
    assert_same(ours, [identity.encode_style(mask_t, image_t), identity(mask, mask_t, image_t)])


def test_generator_in_bfloat16_is_near(generator_variables, generated):
    style, image = generate(make_generator(jnp.bfloat16), generator_variables)

    assert style.dtype == image.dtype == jnp.float32
    difference = np.abs(image - generated[1])
    # bfloat16 has 8 significant bits, 4e-3; some twenty layers may add up a few of these, yet not none.
    assert 1e-4 < difference.mean() < 0.03
    assert difference.max() < 0.3


def test_parameters_of_a_bfloat16_generator_are_float32():
    params = jax.eval_shape(
        make_generator(jnp.bfloat16).init, jax.random.key(0), label_maps(0), label_maps(1), images(2)
    )

    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}


@pytest.fixture(scope="module")
def torch_mask_vae():
    return pytorch_networks.randomise(pytorch_networks.MaskVAE(WIDTHS, CODE_SIZE), seed=1)


@pytest.fixture(scope="module")
def mask_vae_variables(torch_mask_vae) -> dict:
    return variables_of(torch_mask_vae, maskgan.mask_vae(MASK_VAE))


def test_mask_vae_encodes(torch_mask_vae, mask_vae_variables):
    encode = jax.jit(partial(MASK_VAE.apply, method="encode"))

    assert_same(encode(mask_vae_variables, masks(0)), torch_mask_vae.encode(to_torch(masks(0))))


def test_mask_vae_decodes(torch_mask_vae, mask_vae_variables):
    z = jax.random.normal(jax.random.key(3), (BATCH, CODE_SIZE))
    decode = jax.jit(partial(MASK_VAE.apply, method="decode"))

    assert_same([decode(mask_vae_variables, z)], [torch_mask_vae.decode(to_torch(z))])


def test_mask_vae_in_training_normalises_by_the_batch(torch_mask_vae, mask_vae_variables):
    noise = jax.random.normal(jax.random.key(4), (BATCH, CODE_SIZE))
    train = jax.jit(partial(MASK_VAE.apply, train=True, mutable=["batch_stats"]))
    ours, _ = train(mask_vae_variables, masks(0), noise)

    training = copy.deepcopy(torch_mask_vae).train()
    mean, log_variance = training.encode(to_torch(masks(0)))
    logits = training.decode(mean + torch.exp(log_variance / 2) * to_torch(noise))
    assert_same(ours, [logits, mean, log_variance])


def test_alpha_blender():
    reference = pytorch_networks.randomise(pytorch_networks.AlphaBlender(WIDTHS, RESIDUAL_BLOCKS), seed=2)
    blender = AlphaBlender(WIDTHS, RESIDUAL_BLOCKS)

    ours = jax.jit(blender.apply)(variables_of(reference, maskgan.blender(blender)), images(0), images(1))

    assert_same(ours, reference(to_torch(images(0)), to_torch(images(1))))


def test_discriminator():
    reference = pytorch_networks.randomise(pytorch_networks.MultiScaleDiscriminator(WIDTHS), seed=3)

    network = MultiScaleDiscriminator(WIDTHS)

    ours = jax.jit(network.apply)(variables_of(reference, maskgan.discriminator(network)), masks(0), images(1))

    theirs = reference(to_torch(masks(0)), to_torch(images(1)))
    assert [len(maps) for maps in ours] == [5, 5]
    for our_maps, their_maps in zip(ours, theirs, strict=True):
        assert_same(our_maps, their_maps)


@pytest.mark.parametrize("imagenet_normalisation", [False, True])
def test_vgg19(imagenet_normalisation):
    reference = pytorch_networks.randomise(pytorch_networks.VGG19(), seed=4)
    network = VGG19(imagenet_normalisation)

    ours = jax.jit(network.apply)(variables_of(reference, torchvision.vgg19(network)), images(0))

    x = to_torch(images(0))
    if imagenet_normalisation:  # torchvision, `VGG19_Weights.IMAGENET1K_V1.transforms`, of RGB in [0, 1]
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = ((x + 1) / 2 - mean[:, None, None]) / std[:, None, None]
    assert_same(ours, reference(x))


@pytest.mark.parametrize(
    ("network", "published"),
    [
        (pytorch_networks.DenseMappingNetwork, 89_702_595),
        (pytorch_networks.MaskVAE, 170_619_571),
        (pytorch_networks.AlphaBlender, 4_329_443),
        (pytorch_networks.MultiScaleDiscriminator, 5_568_386),
    ],
)
def test_the_rendering_is_the_published_network(network, published):
    with torch.device("meta"):
        parameters = network().parameters()
    assert sum(parameter.numel() for parameter in parameters) == published
