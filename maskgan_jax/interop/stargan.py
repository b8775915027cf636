"""Entry names of StarGAN's published code: `*-G.ckpt` and `*-D.ckpt`, one mapping each.

The numbers in the names follow from a network's widths and depths, and count norms and activations too.
"""

import numpy as np

from maskgan_jax.interop.entries import CONV, CONV_TRANSPOSE, Entry, Layout, Mapping, Unused, weight_and_bias
from maskgan_jax.networks.stargan.discriminator import AttributeDiscriminator
from maskgan_jax.networks.stargan.generator import AttributeGenerator


def stargan_generator(network: AttributeGenerator) -> Mapping:
    """Map `G`; its norms have running statistics that nothing reads, for it never leaves training mode."""
    widths, halvings = network.widths, len(network.widths) - 1
    mapping = [_kernel("main.0", "stem"), *_instance_norm("main.1", widths[0], "stem_norm")]
    for level, width in enumerate(widths[1:]):
        place = 3 + 3 * level
        mapping.append(_kernel(f"main.{place}", f"down_{level}"))
        mapping += _instance_norm(f"main.{place + 1}", width, f"down_norm_{level}")
    blocks = 3 + 3 * halvings
    for block in range(network.residual_blocks):
        theirs, ours = f"main.{blocks + block}.main", f"residual_{block}"
        for layer in range(2):
            mapping.append(_kernel(f"{theirs}.{3 * layer}", ours, f"conv_{layer}"))
            mapping += _instance_norm(f"{theirs}.{3 * layer + 1}", widths[-1], ours, f"norm_{layer}")
    ups = blocks + network.residual_blocks
    for level, width in enumerate(widths[-2::-1]):
        place = ups + 3 * level
        mapping.append(_kernel(f"main.{place}", f"up_{level}", layout=CONV_TRANSPOSE))
        mapping += _instance_norm(f"main.{place + 1}", width, f"up_norm_{level}")
    return [*mapping, _kernel(f"main.{ups + 3 * halvings}", "head")]


def stargan_discriminator(network: AttributeDiscriminator) -> Mapping:
    """Map `D`."""
    mapping = []
    for level in range(len(network.widths)):
        mapping += weight_and_bias(f"main.{2 * level}", f"conv_{level}")
    return [*mapping, _kernel("conv1", "patches"), _kernel("conv2", "classes")]


def _kernel(name: str, *path: str, layout: Layout = CONV) -> Entry:
    return Entry(f"{name}.weight", ("params", *path, "kernel"), layout)


def _instance_norm(name: str, width: int, *path: str) -> Mapping:
    """Map scale and shift, and what PyTorch keeps beside them, in versions from 0.4 on."""
    return [
        Entry(f"{name}.weight", ("params", *path, "scale")),
        Entry(f"{name}.bias", ("params", *path, "bias")),
        Unused(f"{name}.running_mean", np.zeros(width, np.float32)),
        Unused(f"{name}.running_var", np.ones(width, np.float32)),
        Unused(f"{name}.num_batches_tracked", np.zeros((), np.int64)),
    ]
