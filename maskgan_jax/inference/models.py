"""Trained networks from a folder: a training run's, an export's or an import's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.runs import checkpoints, directory
from maskgan_jax.tasks import adversarial, ebst, face_parser, mask_vae


class Architecture(NamedTuple):
    """How a config makes a network.

    Attributes:
      build: the config to the module; its type says which.
      inputs: the config to the shapes of what the module takes.
    """

    build: Callable[[ConfigDict], Any]
    inputs: Callable[[ConfigDict], list[tuple[int, ...]]]


def _image(config: ConfigDict) -> tuple[int, ...]:
    return (1, config.data.size, config.data.size, 3)


def _mask(config: ConfigDict) -> tuple[int, ...]:
    return (1, config.data.size, config.data.size, NUM_CLASSES)


ARCHITECTURES = {
    "generator": Architecture(adversarial.generator_of, lambda config: [_mask(config), _mask(config), _image(config)]),
    "discriminator": Architecture(adversarial.discriminator_of, lambda config: [_mask(config), _image(config)]),
    "alpha_blender": Architecture(ebst.alpha_blender_of, lambda config: [_image(config), _image(config)]),
    "mask_vae": Architecture(
        mask_vae.network_of, lambda config: [_mask(config), (1, config.networks.mask_vae.latent_size)]
    ),
    "face_parser": Architecture(face_parser.network_of, lambda config: [_image(config)]),
    "vgg19": Architecture(adversarial.vgg19_of, lambda config: [_image(config)]),
}
"""By a network's name in a checkpoint."""


class Model(NamedTuple):
    """A network for inference.

    Attributes:
      config: of the run that it comes from.
      network: the module.
      variables: parameters and, where the network has them, batch statistics, as Flax takes them.
    """

    config: ConfigDict
    network: nn.Module
    variables: PyTree

    @property
    def size(self) -> int:
        """Height and width in px that it was trained at."""
        return self.config.data.size


def build(name: str, config: ConfigDict) -> tuple[Any, dict[str, PyTree]]:
    """A network of a config, and its variables as shapes: `params`, and `batch_stats` where it has any.

    Raises:
      UserError: the config makes no such network.
    """
    architecture = ARCHITECTURES[name]
    try:
        network = architecture.build(config)
        inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in architecture.inputs(config)]
        return network, dict(jax.eval_shape(network.init, jax.random.key(0), *inputs))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error.args[0] if error.args else error).partition("\n")[0]
        raise UserError(f"config.networks.{name} and config.data.size make no such network ({reason})") from None


def load(name: str, folder: Path, option: str) -> Model:
    """A network of a run, the generator as its moving average where the run kept one.

    Args:
      name: one of `ARCHITECTURES`.
      folder: of a training run, an export or an import.
      option: what gave the folder, to be named in an error.

    Raises:
      UserError: no run there, or no such network in it.
    """
    config = directory.load_config(folder)
    network, shapes = build(name, config)
    averaged = name == "generator" and config.get("average_decay")
    saved = {collection: "average" if averaged else collection for collection in shapes}
    part = checkpoints.load_part(folder, {saved[each]: {name: tree} for each, tree in shapes.items()}, option)
    return Model(config, network, {collection: part[saved[collection]][name] for collection in shapes})
