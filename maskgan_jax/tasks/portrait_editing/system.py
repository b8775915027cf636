"""What a config makes of this task: its modules at the sizes of the photos, and the settings of the losses."""

from collections.abc import Callable, Mapping
from math import log2
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from data_pipeline.errors import UserError
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder
from maskgan_jax.networks.portrait_editing.generator import PortraitGenerator
from maskgan_jax.networks.portrait_editing.parser_unet import ParserUNet
from maskgan_jax.networks.vgg19 import VGG19
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.portrait_editing.labels import LABEL_SETS, PARTS
from maskgan_jax.tasks.portrait_editing.parts import WINDOWS, window
from maskgan_jax.tasks.task import Network

SIZES = (64, 128, 256, 512)
"""Height and width in px of photos that the windows of the parts fit; the paper's is 256."""

_SMALLEST = {"left_eye": 2, "right_eye": 2, "mouth": 5, "skin": 2, "hair": 2}
"""Height of the smallest map of each part's encoder and decoders."""


class Parser(NamedTuple):
    """A network that the parsing loss can have: the label set that it parses to, and its module."""

    labels: str
    module: type[nn.Module]


PARSERS = {"face_parser": Parser("celebamask", FaceParser), "parser_unet": Parser("helen", ParserUNet)}
"""By the network's name."""

_ENTRY_NAMES = {
    "encoder": "portrait_editing:part_encoder",
    "decoder": "portrait_editing:feature_decoder",
    "image_decoder": "portrait_editing:image_decoder",
    "portrait_generator": "portrait_editing:generator",
    "discriminator": "portrait_editing:discriminator",
    "discriminator_unpaired": "portrait_editing:discriminator",
    "face_parser": "maskgan:face_parser",
    "parser_unet": "portrait_editing:parser",
    "vgg19": "torchvision:vgg19",
}
"""Functions of `maskgan_jax.interop`, by network, or by the kind of a part's network."""


class PortraitEditing(NamedTuple):
    """What a config makes of this task.

    Attributes:
      settings: `config.losses`.
      modules: by network.
      size: height and width of photos in px.
      code_size: entries of a part's code.
      labels: name of the label set that generator and discriminators read.
      enlarged: whether eyes and mouth are enlarged in label maps.
      holes: whether random regions of the background are hidden in training.
      mirrored_sources: whether in training the parts of half of the faces are encoded from mirror images.
      unpaired_discriminator: name of the discriminator of faces with another's parts.
      parser: name of the network of the parsing loss; empty where there is no such loss.
      seed: of the noise of codes.
      sequential: whether the unpaired loss follows the paired update, as in the paper; else one update by their sum.
      update: `update` with the task's optimisers.
      ema_decay: of the networks that edit.
    """

    settings: Any
    modules: Mapping[str, nn.Module]
    size: int
    code_size: int
    labels: str
    enlarged: bool
    holes: bool
    mirrored_sources: bool
    unpaired_discriminator: str
    parser: str
    seed: int
    sequential: bool
    update: Callable
    ema_decay: float


def part_networks(kind: str) -> tuple[str, ...]:
    """Return the names of the networks of all parts; kinds are `encoder`, `decoder` and `image_decoder`."""
    return tuple(f"{kind}_{part}" for part in PARTS)


def make_modules(config) -> dict[str, nn.Module]:
    """Build every network's module from `config.networks`, `.parts`, `.labels`, `.parser`, `.losses` and `.dtype`.

    Raises:
      UserError: photos have a size that the windows of the parts don't fit, there is no such label set or parser, or
        the generator's widths don't fit each other or the windows.
    """
    size, dtype = config.data.size, computation_dtype(config.dtype)
    if size not in SIZES:
        sizes = ", ".join(map(str, SIZES))
        raise UserError(f"config.data.size: {size} px; the windows of eyes and mouth fit photos of {sizes} px")
    for field, known in (("labels", LABEL_SETS), ("parser", PARSERS)):
        if config[field] not in known:
            raise UserError(f"config.{field}: {config[field]!r} is not one of {', '.join(known)}")
    _check_widths(config)
    modules = {}
    for part in PARTS:
        modules |= _part_modules(part, config)
    sizes = config.networks.portrait_generator
    modules["portrait_generator"] = PortraitGenerator(_num_classes(config.labels), dtype=dtype, **sizes)
    for name in discriminators(config):
        modules[name] = MultiScaleDiscriminator(dtype=dtype, **config.networks.discriminator)
    if config.losses.lambda_parsing:
        parser = PARSERS[config.parser]
        sizes = config.networks.get(config.parser, {})
        modules[config.parser] = parser.module(_num_classes(parser.labels), dtype=dtype, **sizes)
    if config.losses.lambda_percept:
        modules["vgg19"] = VGG19(config.losses.imagenet_normalisation, dtype)
    return modules


def discriminators(config) -> tuple[str, ...]:
    """Return the names of the discriminators: of reconstructions, and if it is another one of unpaired faces."""
    return ("discriminator", "discriminator_unpaired") if config.unpaired_discriminator else ("discriminator",)


def _part_modules(part: str, config) -> dict[str, nn.Module]:
    """Build encoder and decoders of a part; at 256 px and the published widths those of the published code."""
    sizes, dtype = config.parts, computation_dtype(config.dtype)
    height, width = window(part, config.data.size)
    halvings = int(log2(height // _SMALLEST[part]))
    smallest = (height >> halvings, width >> halvings)
    doublings = halvings - int(log2(_feature_stride(config)))
    up_widths = [min(2**level, 8) * sizes.image_decoder_width for level in range(halvings)]
    if part in WINDOWS:
        up_widths = [sizes.image_decoder_width, *up_widths[:-1]]
    use_bias = "eye" not in part
    return {
        f"encoder_{part}": PartEncoder(
            tuple(min(2**level, 8) * sizes.encoder_width for level in range(halvings)),
            sizes.code_size,
            sizes.head_width,
            sizes.norm_momentum,
            dtype,
        ),
        f"decoder_{part}": FeatureDecoder(
            smallest,
            sizes.start_width if doublings else sizes.decoder_width,
            (sizes.decoder_width,) * doublings,
            use_bias,
            sizes.norm_momentum,
            dtype,
        ),
        f"image_decoder_{part}": ImageDecoder(
            smallest, sizes.start_width, tuple(up_widths[::-1]), use_bias, sizes.norm_momentum, dtype
        ),
    }


def describe_networks(config, modules: Mapping[str, nn.Module]) -> dict[str, Network]:
    """Return the modules as a task's networks; those that edit keep an EMA if `config.ema_decay` isn't 0."""
    size, sizes, keeps_ema = config.data.size, config.parts, config.ema_decay > 0
    image, labels = _array(size, size, 3), _array(size, size, dtype=jnp.uint8)
    side = size // _feature_stride(config)
    features = _array(side, side, len(PARTS) * sizes.decoder_width)
    masks = _array(size, size, modules["portrait_generator"].num_classes)
    inputs = {
        "portrait_generator": (labels, features, image, _array(size, size, dtype=jnp.bool)),
        **dict.fromkeys(discriminators(config), (masks, image)),
        **dict.fromkeys(part_networks("decoder") + part_networks("image_decoder"), (_array(sizes.code_size),)),
        **{f"encoder_{part}": (_array(*window(part, size), 3),) for part in PARTS},
    }
    edits = ("portrait_generator", *part_networks("encoder"), *part_networks("decoder"))
    entries = _ENTRY_NAMES | {
        name: _ENTRY_NAMES[kind] for kind in ("encoder", "decoder", "image_decoder") for name in part_networks(kind)
    }
    return {
        name: Network(
            module, inputs.get(name, (image,)), keeps_ema and name in edits, f"maskgan_jax.interop.{entries[name]}"
        )
        for name, module in modules.items()
    }


def _check_widths(config) -> None:
    sizes, stride = config.networks.portrait_generator, _feature_stride(config)
    sides = [side for part in PARTS for side in window(part, config.data.size)]
    if len(sizes.up_widths) != len(sizes.mask_widths) - 1 or any(side % stride for side in sides):
        raise UserError(
            f"config.networks.portrait_generator: {len(sizes.mask_widths)} mask_widths and {len(sizes.up_widths)} "
            f"up_widths; give one of up_widths less, and at {config.data.size} px halvings that fit the windows of the "
            f"parts, whose sides are {', '.join(map(str, sorted(set(sides))))} px"
        )


def _feature_stride(config) -> int:
    """Return the pixels a side of the image to one of the parts' features: where the mask encoder ends."""
    return 2 ** (len(config.networks.portrait_generator.mask_widths) - 1)


def _num_classes(label_set: str) -> int:
    return int(LABEL_SETS[label_set].max()) + 1


def _array(*shape: int, dtype=jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), dtype)
