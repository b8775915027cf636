"""Entry names of ELEGANT's published code (Prinsphield/ELEGANT, `nets.py`): one mapping per network.

A checkpoint there is a file for each network: `Enc_iter_*.pth`, `Dec_iter_*.pth`, `D1_iter_*.pth`, `D2_iter_*.pth`. The
numbers in the names count norms and activations, too.
"""

from maskgan_jax.interop.entries import CONV_TRANSPOSE, DENSE, Entry, Mapping, weight_and_bias
from maskgan_jax.networks.elegant.decoder import ResidualDecoder
from maskgan_jax.networks.elegant.discriminator import LabelDiscriminator
from maskgan_jax.networks.elegant.encoder import LatentEncoder


def latent_encoder(network: LatentEncoder) -> Mapping:
    """Map `Enc`."""
    mapping = []
    for level in range(len(network.widths)):
        mapping += _halving(f"main.{level}", 0, level)
    return mapping


def residual_decoder(network: ResidualDecoder) -> Mapping:
    """Map `Dec`."""
    mapping, last = [], len(network.widths)
    for level in range(last):
        mapping += weight_and_bias(f"main.{level}.0", f"up_{level}", layout=CONV_TRANSPOSE)
        mapping += _norm(f"main.{level}.1", f"norm_{level}")
    return mapping + weight_and_bias(f"main.{last}.0", "head", layout=CONV_TRANSPOSE)


def label_discriminator(network: LabelDiscriminator) -> Mapping:
    """Map `D1` or `D2`; both sides flatten maps channel by channel, so the dense layer only needs a transpose."""
    mapping = []
    for level in range(len(network.widths)):
        mapping += _halving("conv", 3 * level, level)
    return mapping + weight_and_bias("linear.0", "head", layout=DENSE)


def _halving(name: str, place: int, level: int) -> Mapping:
    """Map a convolution and the norm after it."""
    path = f"down_{level}"
    return weight_and_bias(f"{name}.{place}", path, "conv") + _norm(f"{name}.{place + 1}", path, "norm")


def _norm(name: str, *path: str) -> Mapping:
    return [Entry(f"{name}.alpha", ("params", *path, "scale")), Entry(f"{name}.beta", ("params", *path, "bias"))]
