"""Networks in PyTorch by name, of the sizes that a config gives this project's networks."""

from collections.abc import Callable

from ml_collections import ConfigDict
from torch import nn

from launch.benchmark import pytorch_ebgan, pytorch_networks, pytorch_portrait_editing
from launch.benchmark.pytorch_face_parser import FaceParser


def _doubling(width: int, size: int) -> tuple[int, ...]:
    """Return the widths after each halving of an image down to 2x2; none exceeds 8 times the first."""
    halvings = size.bit_length() - 2
    return tuple(width * min(2**level, 8) for level in range(halvings))


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
    "encoder_skin": lambda sizes: pytorch_portrait_editing.PartEncoder(
        (sizes.parts.size, sizes.parts.size),
        _doubling(sizes.parts.encoder_width, sizes.parts.size),
        sizes.parts.code_size,
        sizes.parts.head_width,
    ),
    "image_decoder_skin": lambda sizes: pytorch_portrait_editing.ImageDecoder(
        (2, 2),
        sizes.parts.start_width,
        _doubling(sizes.parts.image_decoder_width, sizes.parts.size)[::-1],
        True,
        sizes.parts.code_size,
    ),
    "portrait_generator": lambda sizes: pytorch_portrait_editing.PortraitGenerator(
        19, **sizes.portrait_generator, feature_channels=5 * sizes.parts.decoder_width
    ),
    "exemplar_encoder": lambda sizes: pytorch_ebgan.ExemplarEncoder(sizes.exemplar_encoder.widths),
    "inpainting_generator": lambda sizes: pytorch_ebgan.InpaintingGenerator(
        sizes.inpainting_generator.widths, sizes.exemplar_encoder.widths[-1]
    ),
}
"""Each makes a network, at random, of the sizes of `workloads.make_sizes`."""
