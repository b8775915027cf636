"""Networks of mask-guided portrait editing: parameter counts of the published code at 256 px and 11 classes."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder
from maskgan_jax.networks.portrait_editing.generator import MaskEncoder, PortraitGenerator
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


def test_the_mask_encoder_of_19_classes_has_a_larger_stem_and_nothing_else():
    init = partial(MaskEncoder(19, (64, 128, 256)).init, train=False)
    params = jax.eval_shape(init, jax.random.key(0), MASK)["params"]

    assert count(params) == 404_480 + 8 * 7 * 7 * 64


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


def test_initial_weights_are_those_of_the_published_code():
    """normal(0, 0.02) for convolutions, normal(1, 0.02) for scales of norms, PyTorch's defaults for what is left."""
    network = FeatureDecoder((2, 2), 64, (64,), use_bias=True)
    params = jax.device_get(jax.jit(network.init)(jax.random.key(0), jnp.zeros((1, 100)))["params"])
    dense, up, norm = params["from_code"], params["up_0"], params["up_norm_0"]

    assert_normal(up["kernel"], 0, 0.02)
    assert_normal(norm["scale"], 1, 0.02)
    assert_uniform(dense["kernel"], 1 / math.sqrt(100))
    assert_uniform(dense["bias"], 1 / math.sqrt(100))
    assert_uniform(up["bias"], 1 / math.sqrt(64 * 4 * 4))


def assert_normal(x: np.ndarray, mean: float, deviation: float):
    """Within 5 standard errors."""
    assert abs(x.mean() - mean) < 5 * deviation / math.sqrt(x.size)
    assert abs(x.std() - deviation) < 5 * deviation / math.sqrt(2 * x.size)


def assert_uniform(x: np.ndarray, bound: float):
    """Within the bound; of n draws the largest falls short of 0.8 of it with probability 0.8**n, under 1e-6 here."""
    assert 0.8 * bound < abs(x).max() <= bound
    assert x.min() < 0 < x.max()


@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (PartEncoder((4,)), [array(8, 8, 3)]),
        (ImageDecoder((2, 3), 4, (4,), use_bias=True), [CODE]),
        (PortraitGenerator(CLASSES, (4, 4), 4, 1, (4,), 4), [array(8, 8, dtype=int), array(4, 4, 3), array(8, 8, 3)]),
        (ParserUNet(CLASSES, (4, 4)), [array(8, 8, 3)]),
        (MultiScaleDiscriminator((4, 4), norm="batch"), [array(8, 8, CLASSES), array(8, 8, 3)]),
    ],
)
def test_in_bfloat16_what_leaves_a_network_and_its_variables_are_float32(network, inputs):
    if isinstance(network, PortraitGenerator):
        inputs = [*inputs, array(8, 8, dtype=bool)]
    init = network.clone(dtype=jnp.bfloat16).init_with_output

    outputs, variables = jax.eval_shape(init, jax.random.key(0), *inputs)

    if isinstance(network, MultiScaleDiscriminator):
        outputs = [maps[-1] for maps in outputs]  # the maps before the logits are bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves([outputs, variables])} == {jnp.dtype("float32")}
