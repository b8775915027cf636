"""Parameter counts at full size: those of the published weights (entries of the files that the demo loads)."""

import jax
import jax.numpy as jnp
import pytest

from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.ebgan.encoder import ExemplarEncoder
from maskgan_jax.networks.ebgan.generator import InpaintingGenerator
from maskgan_jax.networks.ebgan.image_classifier import ImageClassifier
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.networks.spade.encoder import StyleEncoder
from maskgan_jax.networks.spade.generator import SpadeGenerator

LABELS = jax.ShapeDtypeStruct((1, 512, 512), jnp.uint8)
MASK, IMAGE, CODE = (
    jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((1, 512, 512, 19), (1, 512, 512, 3), (1, 1024))
)


@pytest.mark.parametrize(
    ("network", "inputs", "published"),
    [
        (DenseMappingNetwork(), (LABELS, LABELS, IMAGE), 89_702_595),
        (MaskVAE(), (MASK, CODE), 170_619_571),
        (AlphaBlender(), (IMAGE, IMAGE), 4_329_443),
        (MultiScaleDiscriminator(), (MASK, IMAGE), 5_568_386),
    ],
    ids=["DenseMappingNetwork", "MaskVAE", "AlphaBlender", "MultiScaleDiscriminator"],
)
def test_parameter_count_is_the_published_one(network, inputs, published):
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)

    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == published


def test_pix2pixhd_m_lacks_the_branch_of_the_mask_and_the_two_transforms():
    network = DenseMappingNetwork(style_uses_mask=False)
    shapes = jax.eval_shape(network.init, jax.random.key(0), LABELS, LABELS, IMAGE)
    branch = sum(i * o * side**2 + o for i, o, side in [(19, 16, 7), (16, 32, 4), *[(32, 64, 4)], *3 * [(64, 64, 4)]])
    transforms = 2 * 4 * (64 * 64 + 64)
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == 89_702_595 - branch - transforms


def test_mask_vae_refuses_a_size_that_its_widths_do_not_halve_to_4():
    mask = jax.ShapeDtypeStruct((1, 256, 256, 19), jnp.float32)
    with pytest.raises(ValueError, match="256 px needs 6 widths"):
        jax.eval_shape(MaskVAE(size=256).init, jax.random.key(0), mask, CODE)


EBGAN_IMAGE, EBGAN_REGION, EBGAN_CODE = (
    jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((1, 256, 256, 3), (1, 256, 256, 1), (1, 8, 8, 512))
)


@pytest.mark.parametrize(
    ("network", "inputs", "counted"),
    [
        (ExemplarEncoder(), (EBGAN_IMAGE, EBGAN_REGION), 6_955_328),
        (InpaintingGenerator(), (EBGAN_IMAGE, EBGAN_REGION, EBGAN_CODE), 11_151_168 + 40_382_083),
        (InpaintingGenerator(convolution="gated"), (EBGAN_IMAGE, EBGAN_REGION, EBGAN_CODE), 22_294_400 + 80_750_339),
        (ImageClassifier(norm="spectral"), (EBGAN_IMAGE,), 27_940_801),
        (ImageClassifier(8, norm="instance"), (EBGAN_IMAGE,), 28_055_496),
    ],
    ids=["ExemplarEncoder", "InpaintingGenerator", "gated", "discriminator", "classifier"],
)
def test_parameter_count_of_ebgan_is_what_its_layers_add_up_to(network, inputs, counted):
    """At 256 px: 16 i o + o of each convolution, 2 o of its batch norm, and the dense layers."""
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)

    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == counted


LABELS_256, ONE_HOT_256 = (
    jax.ShapeDtypeStruct((1, 256, 256), jnp.uint8),
    jax.ShapeDtypeStruct((1, 256, 256, 19), jnp.float32),
)
SPADE_CODE = jax.ShapeDtypeStruct((1, 256), jnp.float32)


@pytest.mark.parametrize(
    ("network", "inputs", "published"),
    [
        (StyleEncoder(), (EBGAN_IMAGE,), 10_463_424),
        (StyleEncoder((64, 128, 256, 512, 512)), (EBGAN_IMAGE,), 8_104_128),
        (SpadeGenerator(), (LABELS_256, SPADE_CODE), 109_205_443),
        (SpadeGenerator(), (LABELS, SPADE_CODE), 109_205_443),
        (MultiScaleDiscriminator(norm="spectral_instance"), (ONE_HOT_256, EBGAN_IMAGE), 5_566_594),
    ],
    ids=["StyleEncoder", "StyleEncoder below 256 px", "SpadeGenerator", "SpadeGenerator at 512 px", "discriminator"],
)
def test_parameter_count_of_spade_is_the_published_codes(network, inputs, published):
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)

    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == published
