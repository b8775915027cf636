"""Trained networks from a folder: a training run's, an export's or an import's."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax import checkpoints, workdir
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.tasks import face_parser, mask_vae
from maskgan_jax.tasks.task import one_hot


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


def load_generator(folder: Path, option: str) -> Model:
    """The Dense Mapping Network of a run: its moving average where the run kept one.

    Args:
      folder: of a Dense Mapping Network or EBST run, an export or an imported generator.
      option: what gave the folder, to be named in an error.

    Raises:
      UserError: no run there, or no such network in it.
    """
    config = workdir.load_config(folder)
    network = DenseMappingNetwork(dtype=jnp.dtype(config.dtype), **config.networks.generator)
    mask = one_hot(jnp.zeros((1, config.data.size, config.data.size), jnp.uint8))
    image = jnp.zeros((1, config.data.size, config.data.size, 3))
    shapes = jax.eval_shape(network.init, jax.random.key(0), mask, mask, image)
    kept = "average" if config.get("average_decay") else "params"
    part = checkpoints.load_part(folder, {kept: {"generator": shapes["params"]}}, option)
    return Model(config, network, {"params": part[kept]["generator"]})


def load_mask_vae(folder: Path, option: str) -> Model:
    """The MaskVAE of a MaskVAE or EBST run, an export or an import; arguments and errors as `load_generator`'s."""
    config = workdir.load_config(folder)
    network = mask_vae.network_of(config)
    shapes = jax.eval_shape(lambda rng: mask_vae.init_variables(network, rng), jax.random.key(0))
    return _with_statistics(config, network, folder, shapes, "mask_vae", option)


def load_face_parser(folder: Path, option: str) -> Model:
    """The face parser of a run, an export or an import; arguments and errors as `load_generator`'s."""
    config = workdir.load_config(folder)
    network = face_parser.network_of(config)
    image = jnp.zeros((1, config.data.size, config.data.size, 3))
    variables = jax.eval_shape(network.init, jax.random.key(0), image)
    shapes = {collection: {"face_parser": tree} for collection, tree in variables.items()}
    return _with_statistics(config, network, folder, shapes, "face_parser", option)


def _with_statistics(
    config: ConfigDict, network: nn.Module, folder: Path, shapes: PyTree, name: str, option: str
) -> Model:
    part = checkpoints.load_part(folder, shapes, option)
    return Model(config, network, {collection: tree[name] for collection, tree in part.items()})
