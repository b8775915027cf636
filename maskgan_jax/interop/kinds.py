"""The networks whose weights go over: what `--kind` names."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from maskgan_jax.interop import entries


class Kind(NamedTuple):
    """A network with weights elsewhere.

    Attributes:
      network: our name of it, one of `models.ARCHITECTURES`.
      task: the task whose config says its sizes.
      entries_of: the module to its mapping.
    """

    network: str
    task: str
    entries_of: Callable[[Any], entries.Mapping]

    def default_config(self) -> ConfigDict:
        """The config of the published sizes."""
        return importlib.import_module(f"configs.{self.task}").get_config()


KINDS = {
    "generator": Kind("generator", "dense_mapping", entries.generator),
    "mask_vae": Kind("mask_vae", "mask_vae", entries.mask_vae),
    "blender": Kind("alpha_blender", "ebst", entries.alpha_blender),
    "discriminator": Kind("discriminator", "dense_mapping", entries.discriminator),
    "face_parser": Kind("face_parser", "face_parser", entries.face_parser),
    "vgg19": Kind("vgg19", "ebst", entries.vgg19),
}
