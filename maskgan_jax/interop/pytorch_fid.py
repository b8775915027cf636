"""Entry names of pytorch-fid's weights, which are those of our modules."""

import jax
import jax.numpy as jnp
from flax import traverse_util

from maskgan_jax.interop.entries import CONV, Dropped, Entry, Mapping, batch_norm
from maskgan_jax.networks.inception_v3 import InceptionV3


def inception_v3(network: InceptionV3) -> Mapping:
    """Map `pt_inception-2015-12-05-6726825d.pth` but its head.

    Torchvision's file has the same names and an auxiliary head, which is refused: its weights are others.
    """
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 64, 64, 3)))["params"]
    layers = {path[:-2] for path in traverse_util.flatten_dict(shapes)}
    mapping = []
    for layer in sorted(layers):
        name = ".".join(layer)
        mapping.append(Entry(f"{name}.conv.weight", ("params", *layer, "conv", "kernel"), CONV))
        mapping += batch_norm(f"{name}.bn", *layer, "bn")
    return [*mapping, Dropped("fc.weight"), Dropped("fc.bias")]
