"""What a config makes of this task: its modules, and the settings of the losses."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
from flax import linen as nn

from data_pipeline.errors import UserError
from maskgan_jax.networks.ebgan.encoder import ExemplarEncoder
from maskgan_jax.networks.ebgan.generator import InpaintingGenerator
from maskgan_jax.networks.ebgan.image_classifier import ImageClassifier, Norm
from maskgan_jax.networks.ebgan.levels import Convolution
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES
from maskgan_jax.tasks.task import Network

ENCODER, GENERATOR = "exemplar_encoder", "inpainting_generator"
DISCRIMINATOR, CLASSIFIER = "image_discriminator", "image_classifier"


class Ebgan(NamedTuple):
    """What a config makes of this task.

    Attributes:
      settings: `config.losses`.
      modules: by network.
      attributes: names of those that gates decide on; none in EBGAN.
      free_channels: of a code, which no gate touches.
      size: height and width of photos in px.
      code_shape: of a region's code: height, width, channels.
      colour_jitter: strength of `augmentation.jitter_colours`; 0: none.
      seed: of the jitter.
      update: `update` with the task's optimisers.
      ema_decay: of the networks that edit.
    """

    settings: Any
    modules: Mapping[str, nn.Module]
    attributes: tuple[str, ...]
    free_channels: int
    size: int
    code_shape: tuple[int, int, int]
    colour_jitter: float
    seed: int
    update: Callable
    ema_decay: float


def make_modules(config) -> dict[str, nn.Module]:
    """Build every network's module from `config.networks`, `.attributes`, `.free_channels` and `.dtype`.

    Raises:
      UserError: a setting has no such value, or widths and channels don't fit each other and the photos.
    """
    names, networks = tuple(config.attributes), config.networks
    _check_values(config)
    _check_sizes(config)
    dtype = computation_dtype(config.dtype)
    modules = {
        ENCODER: ExemplarEncoder(dtype=dtype, **networks[ENCODER]),
        GENERATOR: InpaintingGenerator(dtype=dtype, **networks[GENERATOR]),
        DISCRIMINATOR: ImageClassifier(1, dtype=dtype, **networks[DISCRIMINATOR]),
    }
    if names:
        modules[CLASSIFIER] = ImageClassifier(len(names), norm="instance", dtype=dtype, **networks[CLASSIFIER])
    return modules


def _check_values(config) -> None:
    choices = {
        "attributes": (config.attributes, tuple(ATTRIBUTES)),
        f"networks.{GENERATOR}.convolution": ((config.networks[GENERATOR].convolution,), get_args(Convolution)),
        f"networks.{DISCRIMINATOR}.norm": ((config.networks[DISCRIMINATOR].norm,), get_args(Norm)),
    }
    for field, (given, known) in choices.items():
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UserError(f"config.{field}: {', '.join(map(repr, unknown))}: choose among {', '.join(known)}")


def _check_sizes(config) -> None:
    size, networks, count = config.data.size, config.networks, len(config.attributes)
    halvings = [len(networks[name].widths) for name in (ENCODER, GENERATOR)]
    if halvings[0] != halvings[1] or halvings[0] < 2 or size % 2 ** halvings[0]:
        raise UserError(
            f"config.networks: {halvings[0]} widths of {ENCODER} and {halvings[1]} of {GENERATOR}; give both equally "
            f"many, 2 or more, and not more than {size} px can be halved"
        )
    smallest = {DISCRIMINATOR: 1, **({CLASSIFIER: 2} if count else {})}  # instance norm makes a single pixel 0
    for name, least in smallest.items():
        if size // 2 ** len(networks[name].widths) < least:
            raise UserError(
                f"config.networks.{name}.widths: {len(networks[name].widths)} halvings of {size} px leave less than "
                f"{least} px; give fewer widths"
            )
    channels = networks[ENCODER].widths[-1]
    gated = channels - config.free_channels if count else 0
    if count and (gated <= 0 or gated % count):
        raise UserError(
            f"config.free_channels: {config.free_channels} of the {channels} channels of a code leave {gated} to "
            f"{count} attributes, which can't have equally many each"
        )


def code_shape(config) -> tuple[int, int, int]:
    """Return height, width and channels of a region's code."""
    widths = config.networks[ENCODER].widths
    side = config.data.size // 2 ** len(widths)
    return side, side, widths[-1]


def describe_networks(config, modules: Mapping[str, nn.Module]) -> dict[str, Network]:
    """Return the modules as a task's networks; those that edit keep an EMA if `config.ema_decay` isn't 0."""
    size = config.data.size
    image, region, code = (_array(*shape) for shape in ((size, size, 3), (size, size, 1), code_shape(config)))
    inputs = {ENCODER: (image, region), GENERATOR: (image, region, code)}
    return {
        name: Network(module, inputs.get(name, (image,)), config.ema_decay > 0 and name in inputs)
        for name, module in modules.items()
    }


def _array(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), jnp.float32)
