"""What a config makes of this task: its modules, and the settings of the losses."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int8

from data_pipeline.celeba_attributes import columns_of
from data_pipeline.errors import UserError
from maskgan_jax.networks.stargan.discriminator import AttributeDiscriminator
from maskgan_jax.networks.stargan.generator import AttributeGenerator
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.task import Batch, Network

GENERATOR, DISCRIMINATOR = "stargan_generator", "stargan_discriminator"


class StarGan(NamedTuple):
    """What a config makes of this task.

    Attributes:
      settings: `config.losses`.
      generator: photos and labels to photos.
      discriminator: photos to patches and logits of attributes.
      attributes: names of those that can be set, as in CelebA.
      size: height and width of photos in px.
      discriminator_steps: D steps of a training step.
      seed: of the gradient penalty's random images.
      update: `update` with the task's optimisers.
      ema_decay: of the generator.
    """

    settings: Any
    generator: AttributeGenerator
    discriminator: AttributeDiscriminator
    attributes: tuple[str, ...]
    size: int
    discriminator_steps: int
    seed: int
    update: Callable
    ema_decay: float

    def known(self, batch: Batch) -> Int8[Array, "b n"]:
        """Return the attributes of a batch: 1 present, -1 absent, 0 unknown."""
        return batch["attributes"][:, columns_of(self.attributes)]


def to_labels(known: Int8[Array, "b n"]) -> Float[Array, "b n"]:
    """Return what the generator reads: 1 present, 0 absent, and 0.5 unknown (own; the code knows all)."""
    return (known.astype(float) + 1) / 2


def make_modules(config) -> dict[str, nn.Module]:
    """Build both modules from `config.networks`, `.attributes` and `.dtype`.

    Raises:
      UserError: CelebA has no such attribute, the widths don't fit the photos, or the batch can't be split.
    """
    columns_of(config.attributes)
    _check_sizes(config)
    dtype = computation_dtype(config.dtype)
    return {
        GENERATOR: AttributeGenerator(dtype=dtype, **config.networks[GENERATOR]),
        DISCRIMINATOR: AttributeDiscriminator(len(config.attributes), dtype=dtype, **config.networks[DISCRIMINATOR]),
    }


def _check_sizes(config) -> None:
    halvings = {
        GENERATOR: len(config.networks[GENERATOR].widths) - 1,
        DISCRIMINATOR: len(config.networks[DISCRIMINATOR].widths),
    }
    for name, count in halvings.items():
        if config.data.size % 2**count:
            raise UserError(
                f"config.networks.{name}.widths: {count} halvings of {config.data.size} px leave a fraction of a "
                "pixel; give fewer widths"
            )
    if config.discriminator_steps < 1:
        raise UserError(f"config.discriminator_steps: {config.discriminator_steps}; give 1 or more")
    parts = config.discriminator_steps * config.accumulation_steps
    if config.batch_size % parts:
        raise UserError(
            f"config.batch_size: {config.batch_size} examples can't be split evenly over "
            f"{config.discriminator_steps} D steps times {config.accumulation_steps} microbatches; give a multiple of "
            f"{parts}"
        )


def describe_networks(config, modules: Mapping[str, nn.Module]) -> dict[str, Network]:
    """Return the modules as a task's networks; the generator keeps an EMA if `config.ema_decay` isn't 0."""
    size = config.data.size
    image = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    labels = jax.ShapeDtypeStruct((1, len(config.attributes)), jnp.float32)
    entries = "maskgan_jax.interop.stargan"
    return {
        GENERATOR: Network(modules[GENERATOR], (image, labels), config.ema_decay > 0, f"{entries}:{GENERATOR}"),
        DISCRIMINATOR: Network(modules[DISCRIMINATOR], (image,), entry_names=f"{entries}:{DISCRIMINATOR}"),
    }
