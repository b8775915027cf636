"""The networks whose weights go over: what `--kind` names."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import linen as nn
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.errors import UserError
from maskgan_jax.interop import entries
from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.networks.vgg19 import VGG19


class Kind(NamedTuple):
    """A network with weights elsewhere.

    Attributes:
      network: our name of it in a checkpoint.
      task: the task whose config says its sizes.
      module: the network of a config.
      inputs: the shapes of what it takes, at a config's sizes.
      entries_of: the module to its mapping.
    """

    network: str
    task: str
    module: Callable[[ConfigDict], nn.Module]
    inputs: Callable[[ConfigDict], list[tuple[int, ...]]]
    entries_of: Callable[[Any], entries.Mapping]

    def default_config(self) -> ConfigDict:
        """The config of the published sizes."""
        return importlib.import_module(f"configs.{self.task}").get_config()

    def mapping(self, config: ConfigDict) -> entries.Mapping:
        """Which entry of its state dict is which of its variables."""
        return self.entries_of(self.module(config))

    def shapes(self, config: ConfigDict) -> dict[str, PyTree]:
        """Its Flax variables as shapes: `params`, and `batch_stats` where it has any.

        Raises:
          UserError: the config's sizes make no such network.
        """
        try:
            inputs = [jax.ShapeDtypeStruct(shape, "float32") for shape in self.inputs(config)]
            return dict(jax.eval_shape(self.module(config).init, jax.random.key(0), *inputs))
        except (AttributeError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"config.networks of {config.name} makes no {self.network} ({reason})") from None


def _image(config: ConfigDict) -> tuple[int, ...]:
    return (1, config.data.size, config.data.size, 3)


def _mask(config: ConfigDict) -> tuple[int, ...]:
    return (1, config.data.size, config.data.size, NUM_CLASSES)


KINDS = {
    "generator": Kind(
        "generator",
        "dense_mapping",
        lambda config: DenseMappingNetwork(**config.networks.generator),
        lambda config: [_mask(config), _mask(config), _image(config)],
        entries.generator,
    ),
    "mask_vae": Kind(
        "mask_vae",
        "mask_vae",
        lambda config: MaskVAE(size=config.data.size, **config.networks.mask_vae),
        lambda config: [_mask(config), (1, config.networks.mask_vae.latent_size)],
        entries.mask_vae,
    ),
    "blender": Kind(
        "alpha_blender",
        "ebst",
        lambda config: AlphaBlender(**config.networks.alpha_blender),
        lambda config: [_image(config), _image(config)],
        entries.alpha_blender,
    ),
    "discriminator": Kind(
        "discriminator",
        "dense_mapping",
        lambda config: MultiScaleDiscriminator(**config.networks.discriminator),
        lambda config: [_mask(config), _image(config)],
        entries.discriminator,
    ),
    "face_parser": Kind(
        "face_parser",
        "face_parser",
        lambda config: FaceParser(**config.networks.face_parser),
        lambda config: [_image(config)],
        entries.face_parser,
    ),
    "vgg19": Kind("vgg19", "ebst", lambda config: VGG19(), lambda config: [_image(config)], entries.vgg19),
}
