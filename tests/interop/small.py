"""Every kind of network at a size that a test can afford: its config, and the same network in PyTorch."""

from pathlib import Path

import torch
from ml_collections import ConfigDict

from maskgan_jax.inference import models
from maskgan_jax.interop import entries
from maskgan_jax.interop.kinds import KINDS
from tests.networks import pytorch_networks
from tests.tiny import tiny_config

IN_PYTORCH = {
    "generator": lambda sizes: pytorch_networks.DenseMappingNetwork(
        sizes.generator.widths,
        sizes.generator.residual_blocks,
        sizes.generator.style_widths,
        sizes.generator.style_deep_layers,
    ),
    "mask_vae": lambda sizes: pytorch_networks.MaskVAE(sizes.mask_vae.widths, sizes.mask_vae.latent_size),
    "blender": lambda sizes: pytorch_networks.AlphaBlender(
        sizes.alpha_blender.widths, sizes.alpha_blender.residual_blocks
    ),
    "discriminator": lambda sizes: pytorch_networks.MultiScaleDiscriminator(sizes.discriminator.widths),
    "face_parser": lambda sizes: pytorch_networks.FaceParser(sizes.face_parser.widths),
    "vgg19": lambda sizes: pytorch_networks.VGG19(),
}


def small_config(kind: str) -> ConfigDict:
    """A tiny config of the kind's task."""
    return tiny_config(KINDS[kind].task)


def mapping_of(kind: str, config: ConfigDict) -> entries.Mapping:
    """Which entry is which array, in the network of a config."""
    network, _ = models.build(KINDS[kind].network, config)
    return KINDS[kind].entries_of(network)


def reference(kind: str, config: ConfigDict, seed: int = 0) -> torch.nn.Module:
    """The network of a config in PyTorch, with random weights, statistics and counts."""
    return pytorch_networks.randomise(IN_PYTORCH[kind](config.networks), seed)


def save(state_dict: dict, path: Path, is_zip: bool = True) -> Path:
    """Writes a state dict as PyTorch since 1.6 does, or as before."""
    torch.save(state_dict, path, _use_new_zipfile_serialization=is_zip)
    return path
