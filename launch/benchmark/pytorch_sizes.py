"""Networks in PyTorch by name, of the sizes that a config gives this project's networks."""

from collections.abc import Callable

from ml_collections import ConfigDict
from torch import nn

from launch.benchmark import pytorch_networks
from launch.benchmark.pytorch_face_parser import FaceParser

MAKE: dict[str, Callable[[ConfigDict], nn.Module]] = {
    "generator": lambda sizes: pytorch_networks.DenseMappingNetwork(
        sizes.generator.widths,
        sizes.generator.residual_blocks,
        sizes.generator.style_widths,
        sizes.generator.style_deep_layers,
    ),
    "discriminator": lambda sizes: pytorch_networks.MultiScaleDiscriminator(
        sizes.discriminator.widths, sizes.discriminator.scales
    ),
    "vgg19": lambda sizes: pytorch_networks.VGG19(),
    "mask_vae": lambda sizes: pytorch_networks.MaskVAE(sizes.mask_vae.widths, sizes.mask_vae.latent_size),
    "alpha_blender": lambda sizes: pytorch_networks.AlphaBlender(
        sizes.alpha_blender.widths, sizes.alpha_blender.residual_blocks
    ),
    "face_parser": lambda sizes: FaceParser(sizes.face_parser.widths),
}
"""Each makes a network, at random, of `config.networks`."""
