"""Which entry of a published state dict is which of our arrays: one mapping a network, read in both directions.

The entry names are those of the authors' files, for VGG19 those of torchvision's `vgg19`; the numbers in them follow
from a network's widths and depths.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.networks.vgg19 import BLOCKS, VGG19

Array = Shaped[np.ndarray, "..."]


class Layout(NamedTuple):
    """The order of an array's axes in the file and here; each function gives a view."""

    to_ours: Callable[[Array], Array]
    to_theirs: Callable[[Array], Array]


AS_IS = Layout(lambda x: x, lambda x: x)
CONV = Layout(lambda oihw: oihw.transpose(2, 3, 1, 0), lambda hwio: hwio.transpose(3, 2, 0, 1))
CONV_TRANSPOSE = Layout(lambda iohw: iohw.transpose(2, 3, 0, 1), lambda hwio: hwio.transpose(2, 3, 0, 1))
DENSE = Layout(lambda oi: oi.T, lambda io: io.T)
CONV_TO_DENSE = Layout(lambda oihw: oihw[:, :, 0, 0].T, lambda io: io.T[:, :, None, None])
"""A 1x1 convolution of a single pixel, which is a dense layer here."""


class Entry(NamedTuple):
    """One of our arrays: its name in the file, its place in the network's Flax variables and its layout there."""

    name: str
    path: tuple[str, ...]
    layout: Layout = AS_IS


class Unused(NamedTuple):
    """What is in the file and enters no computation; `value` is what a network that was trained here has there."""

    name: str
    value: Array


class Dropped(NamedTuple):
    """What may be in the file and is not kept: it belongs to layers that our network does without."""

    name: str


Mapping = list[Entry | Unused | Dropped]


def generator(network: DenseMappingNetwork) -> Mapping:
    """`latest_net_G.pth`; the norms of the residual blocks keep running statistics that AdaIN never reads."""
    residual, backbone = _global_generator(network.widths, network.residual_blocks, "backbone")
    mapping = backbone
    for name in residual:
        mapping.append(Unused(f"{name}.norm.running_mean", np.zeros(network.widths[-1], np.float32)))
        mapping.append(Unused(f"{name}.norm.running_var", np.ones(network.widths[-1], np.float32)))

    shallow, encoder = len(network.style_widths), "style_encoder"
    for layer in range(shallow):
        mapping += _layer(f"enc_label.model.{layer}.conv", encoder, f"label_{layer}")
        mapping += _layer(f"enc_style.model.{layer}.conv", encoder, f"style_{layer}")
    for layer in range(network.style_deep_layers):
        mapping += _layer(f"enc_label.model_last.{1 + layer}.conv", encoder, f"label_{shallow + layer}")
        mapping += _layer(f"enc_style.model_middle.{layer}.conv", encoder, f"style_{shallow + layer}")
    for sft in range(2):
        for kind in ("scale", "shift"):
            for layer in range(2):
                name = f"enc_style.sft{1 + sft}.SFT_{kind}_conv{1 + layer}"
                mapping += _layer(name, encoder, f"sft_{sft}", f"{kind}_{layer}")
    return mapping + _layer("enc_style.model_last.1", encoder, "to_style", layout=CONV_TO_DENSE)


def alpha_blender(network: AlphaBlender) -> Mapping:
    """The blender, `I^inter` and `I^outer` to alpha."""
    _, mapping = _global_generator(network.widths, network.residual_blocks, "net")
    return mapping


def _global_generator(widths: Sequence[int], residual_blocks: int, ours: str) -> tuple[list[str], Mapping]:
    """The names of the residual blocks' convolutions, and the mapping of pix2pixHD's encoder-decoder.

    Paddings, norms and activations have places in `model` too: three to a layer at the resolutions' changes.
    """
    mapping, index = _layer("model.1", ours, "stem"), 4
    for level in range(len(widths) - 1):
        mapping += _layer(f"model.{index}", ours, f"down_{level}")
        index += 3
    residual = []
    for block in range(residual_blocks):
        for layer in range(2):
            residual.append(f"model.{index}.conv_block.{layer}")
            mapping += _layer(f"{residual[-1]}.conv", ours, f"residual_{block}", f"conv_{layer}")
        index += 1
    for level in range(len(widths) - 1):
        mapping += _layer(f"model.{index}", ours, f"up_{level}", layout=CONV_TRANSPOSE)
        index += 3
    return residual, mapping + _layer(f"model.{index + 1}", ours, "head")


def discriminator(network: MultiScaleDiscriminator) -> Mapping:
    """D_1,2; the file counts the scales from the smallest up, and we from the full size down."""
    mapping = []
    for scale in range(network.scales):
        for layer in range(len(network.widths) + 1):
            name = f"scale{network.scales - 1 - scale}_layer{layer}.0"
            mapping += _layer(name, f"scale_{scale}", f"conv_{layer}")
    return mapping


def mask_vae(network: MaskVAE) -> Mapping:
    """The MaskVAE; both flatten 4x4 maps channel by channel, so its dense layers are plain ones."""
    halvings = len(network.widths)
    mapping = []
    for level in range(halvings):
        mapping += _layer(f"e{1 + level}", f"down_{level}")
        mapping += _batch_norm(f"bn{1 + level}", f"down_norm_{level}")
    mapping += _layer("fc1", "to_mean", layout=DENSE)
    mapping += _layer("fc2", "to_log_variance", layout=DENSE)
    mapping += _layer("d1", "from_code", layout=DENSE)
    for level in range(halvings):
        mapping += _layer(f"d{2 + level}", f"up_{level}")
    for level in range(halvings - 1):
        mapping += _batch_norm(f"bn{1 + halvings + level}", f"up_norm_{level}")
    return mapping


def face_parser(network: FaceParser) -> Mapping:
    """The U-Net of the authors' `face_parsing/model.pth`."""

    def double_conv(name: str, *path: str) -> Mapping:
        mapping = []
        for layer in range(2):
            mapping += _layer(f"{name}.conv{1 + layer}.0", *path, f"conv_{layer}")
            mapping += _batch_norm(f"{name}.conv{1 + layer}.1", *path, f"norm_{layer}")
        return mapping

    mapping = double_conv("center", "center")
    for level in range(len(network.widths) - 1):
        mapping += double_conv(f"conv{1 + level}", f"down_{level}")
        mapping += _layer(f"up_concat{1 + level}.up", f"up_{level}", "up", layout=CONV_TRANSPOSE)
        mapping += double_conv(f"up_concat{1 + level}.conv", f"up_{level}", "convs")
    return mapping + _layer("final", "head")


def vgg19(network: VGG19) -> Mapping:
    """VGG19 of torchvision up to relu5_1; ReLUs and pools have places in `features` too."""
    mapping, index = [], 0
    for block, widths in enumerate(BLOCKS, start=1):
        for layer in range(1, len(widths) + 1):
            mapping += _layer(f"features.{index}", f"conv{block}_{layer}")
            index += 2
        index += 1
    rest = [f"features.{place}" for place in (30, 32, 34)] + [f"classifier.{place}" for place in (0, 3, 6)]
    return mapping + [Dropped(f"{layer}.{name}") for layer in rest for name in ("weight", "bias")]


def _layer(name: str, *path: str, layout: Layout = CONV) -> Mapping:
    """Weight and bias of a convolution or a dense layer."""
    return [
        Entry(f"{name}.weight", ("params", *path, "kernel"), layout),
        Entry(f"{name}.bias", ("params", *path, "bias")),
    ]


def _batch_norm(name: str, *path: str) -> Mapping:
    """Scale, shift and running statistics; PyTorch also counts the batches, which only other momenta need."""
    return [
        Entry(f"{name}.weight", ("params", *path, "scale")),
        Entry(f"{name}.bias", ("params", *path, "bias")),
        Entry(f"{name}.running_mean", ("batch_stats", *path, "mean")),
        Entry(f"{name}.running_var", ("batch_stats", *path, "var")),
        Unused(f"{name}.num_batches_tracked", np.zeros((), np.int64)),
    ]
