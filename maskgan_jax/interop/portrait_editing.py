"""Entry names of the published code of mask-guided portrait editing: one mapping per network.

A checkpoint there is a folder of files `latest_net_<network>.pth`, each with one network: `encoder_<part>`,
`decoder_<part>` (features), `decoder_<part>_image`, `G`, `D` (paired), `D2` (unpaired) and `P`. The numbers in the
names follow from a network's widths and depths, and count norms, activations and paddings, too.
"""

from maskgan_jax.interop import maskgan
from maskgan_jax.interop.entries import (
    CONV,
    CONV_TRANSPOSE,
    DENSE,
    Layout,
    Mapping,
    batch_norm,
    weight_and_bias,
)
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.portrait_editing.decoders import FeatureDecoder, ImageDecoder
from maskgan_jax.networks.portrait_editing.encoders import PartEncoder
from maskgan_jax.networks.portrait_editing.generator import PortraitGenerator
from maskgan_jax.networks.portrait_editing.parser_unet import ParserUNet


def part_encoder(network: PartEncoder) -> Mapping:
    """Map a part's encoder; both sides flatten maps channel by channel, so its dense layers only need a transpose."""
    mapping = []
    for level in range(len(network.widths)):
        mapping += weight_and_bias(f"conv.{level}.conv", f"down_{level}")
        mapping += batch_norm(f"conv.{level}.bn", f"down_norm_{level}")
    for theirs, ours in (("fc_mu", "mean"), ("fc_var", "log_variance")):
        mapping += weight_and_bias(f"{theirs}.0", f"{ours}_hidden", layout=DENSE)
        mapping += weight_and_bias(f"{theirs}.2", ours, layout=DENSE)
    return mapping


def feature_decoder(network: FeatureDecoder) -> Mapping:
    """Map a part's decoder to features; both sides unflatten channel by channel."""
    return _doublings(network)


def image_decoder(network: ImageDecoder) -> Mapping:
    """Map a part's decoder to an image: a feature decoder, a padding and a convolution."""
    return _doublings(network, "features") + weight_and_bias(f"conv.{len(network.widths) + 1}", "head")


def _doublings(network: FeatureDecoder | ImageDecoder, *path: str) -> Mapping:
    mapping = _layer("fc.0", *path, "from_code", layout=DENSE, use_bias=network.use_bias)
    for level in range(len(network.widths)):
        mapping += weight_and_bias(f"conv.{level}.conv.0", *path, f"up_{level}", layout=CONV_TRANSPOSE)
        mapping += batch_norm(f"conv.{level}.conv.1", *path, f"up_norm_{level}")
    return mapping


def generator(network: PortraitGenerator) -> Mapping:
    """Map `G`: mask encoder, foreground decoder, background encoder and decoder."""
    mapping = weight_and_bias("downsample_model.1", "mask_encoder", "stem")
    mapping += batch_norm("downsample_model.2", "mask_encoder", "stem_norm")
    for level in range(len(network.mask_widths) - 1):
        place = 4 + 3 * level
        mapping += weight_and_bias(f"downsample_model.{place}", "mask_encoder", f"down_{level}")
        mapping += batch_norm(f"downsample_model.{place + 1}", "mask_encoder", f"down_norm_{level}")

    mapping += weight_and_bias("model.0", "foreground_decoder", "fuse")
    for block in range(network.residual_blocks):
        theirs, ours = f"model.{1 + block}.conv_block", ("foreground_decoder", f"residual_{block}")
        for layer in range(2):
            mapping += weight_and_bias(f"{theirs}.{1 + 4 * layer}", *ours, f"conv_{layer}")
            mapping += batch_norm(f"{theirs}.{2 + 4 * layer}", *ours, f"norm_{layer}")
    for level in range(len(network.up_widths)):
        place = 1 + network.residual_blocks + 3 * level
        mapping += weight_and_bias(f"model.{place}", "foreground_decoder", f"up_{level}", layout=CONV_TRANSPOSE)
        mapping += batch_norm(f"model.{place + 1}", "foreground_decoder", f"up_norm_{level}")

    mapping += weight_and_bias("bg_encoder.1", "background_encoder", "stem")
    mapping += batch_norm("bg_encoder.2", "background_encoder", "stem_norm")
    mapping += weight_and_bias("bg_decoder.0", "background_decoder", "fuse")
    return mapping + weight_and_bias("bg_decoder.2", "background_decoder", "head")


def discriminator(network: MultiScaleDiscriminator) -> Mapping:
    """Map `D` or `D2`: MaskGAN's entries, and those of batch norms, which all layers but the ends have."""
    mapping = maskgan.discriminator(network)
    if network.norm == "batch":
        for scale in range(network.scales):
            for layer in range(1, len(network.widths)):
                theirs = f"scale{network.scales - 1 - scale}_layer{layer}.1"
                mapping += batch_norm(theirs, f"scale_{scale}", f"norm_{layer}")
    return mapping


def parser(network: ParserUNet) -> Mapping:
    """Map `P`, whose levels lie inside each other: activation, halving, norm, the next level, then back up."""
    last = len(network.widths) - 1
    mapping, theirs = [], "model.model"
    for level in range(last + 1):
        down = 1 if level else 0  # the outermost level begins without an activation
        inner = down + 2 if 0 < level < last else down + 1  # it and the innermost have no norm on the way down
        up = inner + 1 if level < last else inner
        mapping += _layer(f"{theirs}.{down}", f"down_{level}", layout=CONV, use_bias=False)
        mapping += _layer(f"{theirs}.{up + 1}", f"up_{level}", layout=CONV_TRANSPOSE, use_bias=level == 0)
        if 0 < level < last:
            mapping += batch_norm(f"{theirs}.{down + 1}", f"down_norm_{level}")
        if level:
            mapping += batch_norm(f"{theirs}.{up + 2}", f"up_norm_{level}")
        theirs += f".{inner}.model"
    return mapping


def _layer(name: str, *path: str, layout: Layout, use_bias: bool) -> Mapping:
    """Map a layer that may have no bias."""
    both = weight_and_bias(name, *path, layout=layout)
    return both if use_bias else both[:1]
