"""What a config makes of this task: its modules, and the settings of the losses."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.spade.encoder import StyleEncoder
from maskgan_jax.networks.spade.generator import SpadeGenerator
from maskgan_jax.networks.vgg19 import VGG19
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.task import Network, Pretrained

ENCODER, GENERATOR, DISCRIMINATOR = "spade_encoder", "spade_generator", "spade_discriminator"
VGG = "vgg19"


class Spade(NamedTuple):
    """What a config makes of this task.

    Attributes:
      settings: `config.losses`.
      modules: by network.
      seed: of the noise that codes are sampled with.
      update: `update` with the task's optimisers.
      microbatches: parts that a batch is computed in.
    """

    settings: Any
    modules: Mapping[str, nn.Module]
    seed: int
    update: Callable
    microbatches: int

    @property
    def code_size(self) -> int:
        """Entries of a code."""
        return self.modules[ENCODER].code_size


def make_modules(config) -> dict[str, nn.Module]:
    """Build every network's module from `config.networks`, `.code_size`, `.losses`, `.remat` and `.dtype`.

    Raises:
      UserError: the generator's widths don't lead to the photos' size.
    """
    dtype, networks, code_size = computation_dtype(config.dtype), config.networks, config.code_size
    modules = {
        ENCODER: StyleEncoder(code_size=code_size, dtype=dtype, **networks[ENCODER]),
        GENERATOR: SpadeGenerator(code_size=code_size, remat=config.remat, dtype=dtype, **networks[GENERATOR]),
        DISCRIMINATOR: MultiScaleDiscriminator(norm="spectral_instance", dtype=dtype, **networks[DISCRIMINATOR]),
    }
    sizes = modules[GENERATOR].sizes
    if config.data.size not in sizes:
        raise UserError(
            f"config.networks.{GENERATOR}: its start_size and up_widths lead to {sizes[0]} or {sizes[1]} px, and "
            f"config.data.size is {config.data.size}; give one of them, or another number of up_widths"
        )
    if config.losses.lambda_percept:
        modules[VGG] = VGG19(config.losses.imagenet_normalisation, dtype)
    return modules


def describe_networks(config, modules: Mapping[str, nn.Module]) -> dict[str, Network]:
    """Return the modules as a task's networks."""
    size = config.data.size
    image, one_hot, code = (
        jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        for shape in ((size, size, 3), (size, size, NUM_CLASSES), (config.code_size,))
    )
    labels = jax.ShapeDtypeStruct((1, size, size), jnp.uint8)
    inputs = {ENCODER: (image,), GENERATOR: (labels, code), DISCRIMINATOR: (one_hot, image), VGG: (image,)}
    entries = {name: f"maskgan_jax.interop.spade:{name}" for name in modules}
    entries[VGG] = "maskgan_jax.interop.torchvision:vgg19"
    return {name: Network(module, inputs[name], entry_names=entries[name]) for name, module in modules.items()}


def pretrained(config) -> tuple[Pretrained, ...]:
    """Return the networks that `config.init` names a run, an import or a file for, and VGG19."""
    given = [name for name in (ENCODER, GENERATOR, DISCRIMINATOR) if config.init[name]]
    own = (Pretrained(name, (name,), f"Begin with a random one: --config.init.{name}=") for name in given)
    return (*own, *gan.pretrained_vgg19(config))
