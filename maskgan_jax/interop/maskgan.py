"""Entry names of MaskGAN's published weights: one mapping per network.

The numbers in the names follow from a network's widths and depths.
"""

from collections.abc import Sequence

import numpy as np

from maskgan_jax.interop.entries import (
    CONV_TO_DENSE,
    CONV_TRANSPOSE,
    DENSE,
    Mapping,
    Unused,
    batch_norm,
    weight_and_bias,
)
from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.networks.mask_vae import MaskVAE


def generator(network: DenseMappingNetwork) -> Mapping:
    """Map `latest_net_G.pth`; the norms of its residual blocks have running statistics that AdaIN never uses."""
    residual, backbone = _global_generator(network.widths, network.residual_blocks, "backbone")
    mapping = backbone
    for name in residual:
        mapping.append(Unused(f"{name}.norm.running_mean", np.zeros(network.widths[-1], np.float32)))
        mapping.append(Unused(f"{name}.norm.running_var", np.ones(network.widths[-1], np.float32)))

    shallow, encoder = len(network.style_widths), "style_encoder"
    for layer in range(shallow):
        mapping += weight_and_bias(f"enc_style.model.{layer}.conv", encoder, f"style_{layer}")
    for layer in range(network.style_deep_layers):
        mapping += weight_and_bias(f"enc_style.model_middle.{layer}.conv", encoder, f"style_{shallow + layer}")
    if network.style_uses_mask:
        mapping += _mask_branch(shallow, network.style_deep_layers, encoder)
    return mapping + weight_and_bias("enc_style.model_last.1", encoder, "to_style", layout=CONV_TO_DENSE)


def _mask_branch(shallow: int, deep: int, encoder: str) -> Mapping:
    """Map what in the style encoder depends on the mask: its features, and the transforms that they modulate."""
    mapping = []
    for layer in range(shallow):
        mapping += weight_and_bias(f"enc_label.model.{layer}.conv", encoder, f"label_{layer}")
    for layer in range(deep):
        mapping += weight_and_bias(f"enc_label.model_last.{1 + layer}.conv", encoder, f"label_{shallow + layer}")
    for sft in range(2):
        for kind in ("scale", "shift"):
            for layer in range(2):
                name = f"enc_style.sft{1 + sft}.SFT_{kind}_conv{1 + layer}"
                mapping += weight_and_bias(name, encoder, f"sft_{sft}", f"{kind}_{layer}")
    return mapping


def blender(network: AlphaBlender) -> Mapping:
    """Map the alpha blender."""
    _, mapping = _global_generator(network.widths, network.residual_blocks, "net")
    return mapping


def _global_generator(widths: Sequence[int], residual_blocks: int, ours: str) -> tuple[list[str], Mapping]:
    """Return the names of the residual blocks' convolutions, and the mapping of pix2pixHD's encoder-decoder.

    Paddings, norms and activations have indices in `model` too: three to a layer where the resolution changes.
    """
    mapping, index = weight_and_bias("model.1", ours, "stem"), 4
    for level in range(len(widths) - 1):
        mapping += weight_and_bias(f"model.{index}", ours, f"down_{level}")
        index += 3
    residual = []
    for block in range(residual_blocks):
        for layer in range(2):
            residual.append(f"model.{index}.conv_block.{layer}")
            mapping += weight_and_bias(f"{residual[-1]}.conv", ours, f"residual_{block}", f"conv_{layer}")
        index += 1
    for level in range(len(widths) - 1):
        mapping += weight_and_bias(f"model.{index}", ours, f"up_{level}", layout=CONV_TRANSPOSE)
        index += 3
    return residual, mapping + weight_and_bias(f"model.{index + 1}", ours, "head")


def discriminator(network: MultiScaleDiscriminator) -> Mapping:
    """Map D_1,2; the file numbers the scales from the smallest up, the network from the full size down."""
    mapping = []
    for scale in range(network.scales):
        for layer in range(len(network.widths) + 1):
            name = f"scale{network.scales - 1 - scale}_layer{layer}.0"
            mapping += weight_and_bias(name, f"scale_{scale}", f"conv_{layer}")
    return mapping


def mask_vae(network: MaskVAE) -> Mapping:
    """Map the MaskVAE; both sides flatten 4x4 maps channel by channel, so its dense layers only need a transpose."""
    halvings = len(network.widths)
    mapping = []
    for level in range(halvings):
        mapping += weight_and_bias(f"e{1 + level}", f"down_{level}")
        mapping += batch_norm(f"bn{1 + level}", f"down_norm_{level}")
    mapping += weight_and_bias("fc1", "to_mean", layout=DENSE)
    mapping += weight_and_bias("fc2", "to_log_variance", layout=DENSE)
    mapping += weight_and_bias("d1", "from_code", layout=DENSE)
    for level in range(halvings):
        mapping += weight_and_bias(f"d{2 + level}", f"up_{level}")
    for level in range(halvings - 1):
        mapping += batch_norm(f"bn{1 + halvings + level}", f"up_norm_{level}")
    return mapping


def face_parser(network: FaceParser) -> Mapping:
    """Map the U-Net of the authors' `face_parsing/model.pth`."""

    def double_conv(name: str, *path: str) -> Mapping:
        mapping = []
        for layer in range(2):
            mapping += weight_and_bias(f"{name}.conv{1 + layer}.0", *path, f"conv_{layer}")
            mapping += batch_norm(f"{name}.conv{1 + layer}.1", *path, f"norm_{layer}")
        return mapping

    mapping = double_conv("center", "center")
    for level in range(len(network.widths) - 1):
        mapping += double_conv(f"conv{1 + level}", f"down_{level}")
        mapping += weight_and_bias(f"up_concat{1 + level}.up", f"up_{level}", "up", layout=CONV_TRANSPOSE)
        mapping += double_conv(f"up_concat{1 + level}.conv", f"up_{level}", "convs")
    return mapping + weight_and_bias("final", "head")
