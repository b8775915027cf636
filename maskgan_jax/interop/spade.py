"""Entry names of SPADE's published code: one mapping per network.

A checkpoint there is a folder of files `<epoch>_net_<network>.pth`, each with one network: `G`, `E` (with the VAE) and
`D`. A spectral-normed layer has `weight_orig` and its singular vectors `weight_u` and `weight_v`.
"""

from maskgan_jax.interop.entries import AS_IS, CONV, DENSE, Entry, Layout, Mapping, running_statistics, weight_and_bias
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator
from maskgan_jax.networks.spade.encoder import StyleEncoder
from maskgan_jax.networks.spade.generator import SpadeGenerator


def spade_encoder(network: StyleEncoder) -> Mapping:
    """Map `E`; both sides flatten maps channel by channel, so its dense layers only need a transpose."""
    mapping = []
    for level in range(len(network.widths)):
        mapping += _spectral(f"layer{1 + level}.0", 3, f"down_{level}")
    mapping += weight_and_bias("fc_mu", "to_mean", layout=DENSE)
    return mapping + weight_and_bias("fc_var", "to_log_variance", layout=DENSE)


def spade_generator(network: SpadeGenerator) -> Mapping:
    """Map `G` with the VAE; both sides unflatten channel by channel."""
    mapping = weight_and_bias("fc", "from_code", layout=DENSE)
    widths = (network.width, *network.up_widths)
    for theirs, ours in (("head_0", "head"), ("G_middle_0", "middle_0"), ("G_middle_1", "middle_1")):
        mapping += _block(theirs, ours, has_skip=False)
    for level in range(len(network.up_widths)):
        mapping += _block(f"up_{level}", f"up_{level}", has_skip=widths[level] != widths[level + 1])
    return mapping + weight_and_bias("conv_img", "to_image")


def spade_discriminator(network: MultiScaleDiscriminator) -> Mapping:
    """Map `D`, whose scales both sides number from the full size down."""
    mapping, last = [], len(network.widths)
    for scale in range(network.scales):
        for layer in range(last + 1):
            theirs, ours = f"discriminator_{scale}.model{layer}.0", (f"scale_{scale}", f"conv_{layer}")
            if 0 < layer < last:
                mapping += _spectral(f"{theirs}.0", 4, *ours)
            else:
                mapping += weight_and_bias(theirs, *ours)
    return mapping


def _block(theirs: str, ours: str, has_skip: bool) -> Mapping:
    """Map a residual block."""
    mapping = []
    for layer in ("0", "1"):
        mapping += _spectral(f"{theirs}.conv_{layer}", 3, ours, f"conv_{layer}")
        mapping.append(Entry(f"{theirs}.conv_{layer}.bias", ("params", ours, f"conv_{layer}", "bias")))
        mapping += _norm(f"{theirs}.norm_{layer}", ours, f"norm_{layer}")
    if has_skip:
        mapping += _spectral(f"{theirs}.conv_s", 1, ours, "conv_skip")
        mapping += _norm(f"{theirs}.norm_s", ours, "norm_skip")
    return mapping


def _norm(theirs: str, *ours: str) -> Mapping:
    """Map a SPADE."""
    mapping = running_statistics(f"{theirs}.param_free_norm", *ours, "batch_norm")
    for name, layer in (("mlp_shared.0", "shared"), ("mlp_gamma", "gamma"), ("mlp_beta", "beta")):
        mapping += weight_and_bias(f"{theirs}.{name}", *ours, layer)
    return mapping


def _spectral(name: str, kernel_size: int, *path: str) -> Mapping:
    """Map kernel and singular vectors of a convolution; the right one is flat there, by input channel first."""
    right = Layout(
        lambda flat: flat.reshape(-1, kernel_size, kernel_size).transpose(1, 2, 0),
        lambda yxi: yxi.transpose(2, 0, 1).reshape(-1),
    )
    return [
        Entry(f"{name}.weight_orig", ("params", *path, "kernel"), CONV),
        Entry(f"{name}.weight_u", ("batch_stats", *path, "u"), AS_IS),
        Entry(f"{name}.weight_v", ("batch_stats", *path, "v"), right),
    ]
