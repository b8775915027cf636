"""What a config makes of this task: its modules, and the settings of the losses."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Int

from data_pipeline.celeba_attributes import columns_of
from data_pipeline.errors import UserError
from maskgan_jax.networks.elegant.decoder import ResidualDecoder
from maskgan_jax.networks.elegant.discriminator import LabelDiscriminator
from maskgan_jax.networks.elegant.encoder import LatentEncoder
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.task import Network

ENCODER, DECODER = "latent_encoder", "residual_decoder"
DISCRIMINATORS = ("label_discriminator_1", "label_discriminator_2")
"""Of photos at their size, and at half of it."""


class Elegant(NamedTuple):
    """What a config makes of this task.

    Attributes:
      settings: `config.losses`.
      modules: by network.
      columns: of the attributes, among CelebA's.
      size: height and width of photos in px.
      update: `update` with the task's optimisers.
      microbatches: parts that a batch is computed in.
      ema_decay: of encoder and decoder.
    """

    settings: Any
    modules: Mapping[str, nn.Module]
    columns: Int[np.ndarray, " n"]
    size: int
    update: Callable
    microbatches: int
    ema_decay: float


def make_modules(config) -> dict[str, nn.Module]:
    """Build every network's module from `config.networks`, `.attributes` and `.dtype`.

    Raises:
      UserError: CelebA has no such attribute, one is named twice, the photos can't be halved as often as the networks
        do, or there are more attributes than channels.
    """
    dtype, networks, count = computation_dtype(config.dtype), config.networks, len(columns_of(config.attributes))
    widths, size = tuple(networks[ENCODER].widths), config.data.size
    if len(widths) < 2 or size % 2 ** len(widths):
        raise UserError(
            f"config.networks.{ENCODER}.widths: {len(widths)} halvings of {size} px; give 2 or more, and not "
            f"more than {size} px can be halved"
        )
    if widths[-1] < count:
        raise UserError(
            f"config.networks.{ENCODER}.widths: {widths[-1]} channels for the blocks of {count} attributes; give at "
            "least one each"
        )
    discriminators = {
        name: LabelDiscriminator(dtype=dtype, half_size=place == 1, **networks[name])
        for place, name in enumerate(DISCRIMINATORS)
    }
    return {
        ENCODER: LatentEncoder(widths, dtype),
        DECODER: ResidualDecoder(widths[-2::-1], dtype),
        **discriminators,
    }


def describe_networks(config, modules: Mapping[str, nn.Module]) -> dict[str, Network]:
    """Return the modules as a task's networks; encoder and decoder keep an EMA if `config.ema_decay` isn't 0."""
    size, widths = config.data.size, config.networks[ENCODER].widths
    image = _array(size, size, 3)
    *skips, encoding = (_array(*2 * [size // 2**level], width) for level, width in enumerate(widths, start=1))
    inputs = {ENCODER: (image,), DECODER: (encoding, encoding, *skips)}
    inputs |= dict.fromkeys(DISCRIMINATORS, (image, _array(len(config.attributes))))
    functions = {name: name for name in (ENCODER, DECODER)} | dict.fromkeys(DISCRIMINATORS, "label_discriminator")
    has_ema = config.ema_decay > 0
    return {
        name: Network(
            module,
            inputs[name],
            has_ema and name in (ENCODER, DECODER),
            f"maskgan_jax.interop.elegant:{functions[name]}",
        )
        for name, module in modules.items()
    }


def _array(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), jnp.float32)
