"""Networks of mask-guided portrait editing: parameter counts of the published code at 256 px and 11 classes."""

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder
from maskgan_jax.networks.portrait_editing.generator import PortraitGenerator
from maskgan_jax.networks.portrait_editing.parser_unet import ParserUNet

CLASSES = 11  # Helen's


def array(*shape: int, dtype=jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), dtype)


CODE, IMAGE, MASK = array(512), array(256, 256, 3), array(256, 256, dtype=jnp.int32)
FEATURES, IS_BACKGROUND = array(64, 64, 5 * 256), array(256, 256, dtype=bool)

EYE = ((2, 3), 512)
MOUTH = ((5, 9), 512)
SKIN = ((2, 2), 512)


def params_of(network: nn.Module, *inputs: jax.ShapeDtypeStruct) -> dict:
    return jax.eval_shape(network.init, jax.random.key(0), *inputs)["params"]


def count(params: dict) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
    ("network", "inputs", "output", "published"),
    [
        (PartEncoder((64, 128, 256, 512, 512, 512, 512)), [IMAGE], (1, 512), 20_591_936),
        (PartEncoder((64, 128, 256, 512)), [array(80, 144, 3)], (1, 512), 50_996_032),
        (PartEncoder((64, 128, 256, 512)), [array(32, 48, 3)], (1, 512), 10_101_568),
        (FeatureDecoder(*SKIN, (256,) * 5, use_bias=True), [CODE], (1, 64, 64, 256), 7_345_920),
        (FeatureDecoder(*MOUTH, (256, 256), use_bias=True), [CODE], (1, 20, 36, 256), 14_966_784),
        (FeatureDecoder(*EYE, (256, 256), use_bias=False), [CODE], (1, 8, 12, 256), 4_720_128),
        (ImageDecoder(*SKIN, (512,) * 4 + (256, 128, 64), use_bias=True), [CODE], (1, 256, 256, 3), 20_592_643),
        (ImageDecoder(*MOUTH, (256, 128, 64, 64), use_bias=True), [CODE], (1, 80, 144, 3), 14_643_907),
        (ImageDecoder(*EYE, (256, 128, 64, 64), use_bias=False), [CODE], (1, 32, 48, 3), 4_397_251),
        (ParserUNet(CLASSES), [IMAGE], (1, 256, 256, 11), 29_260_427),
    ],
)
def test_a_network_has_the_published_count_and_sizes(network, inputs, output, published):
    assert count(params_of(network, *inputs)) == published
    outputs = jax.eval_shape(lambda *given: network.init_with_output(jax.random.key(0), *given)[0], *inputs)
    assert {leaf.shape for leaf in jax.tree.leaves(outputs)} == {output}


def test_the_generators_four_parts_have_the_published_counts():
    params = params_of(PortraitGenerator(CLASSES), MASK, FEATURES, IMAGE, IS_BACKGROUND)

    assert {name: count(part) for name, part in params.items()} == {
        "mask_encoder": 404_480,
        "foreground_decoder": 11_680_064,
        "background_encoder": 9_600,
        "background_decoder": 17_667,
    }


def test_the_generator_of_19_classes_has_a_larger_stem_and_nothing_else():
    params = params_of(PortraitGenerator(19), MASK, FEATURES, IMAGE, IS_BACKGROUND)

    assert count(params) == 12_111_811 + 8 * 7 * 7 * 64 == 12_111_811 + 25_088


@pytest.mark.parametrize(
    ("norm", "classes", "published"),
    [("batch", CLASSES, 5_555_586), ("batch", 19, 5_571_970), ("instance", 19, 5_568_386)],
)
def test_discriminators_have_the_published_counts(norm, classes, published):
    params = params_of(MultiScaleDiscriminator(norm=norm), array(256, 256, classes), IMAGE)

    assert count(params) == published


def test_a_feature_decoder_without_doublings_is_a_dense_layer():
    network = FeatureDecoder((2, 3), 256, (), use_bias=False)

    params = params_of(network, CODE)

    assert jax.tree.map(jnp.shape, params) == {"from_code": {"kernel": (512, 2 * 3 * 256)}}
