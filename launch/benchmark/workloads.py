"""What both sides compute: the work by name, its networks, their weights and its inputs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from configs import ebst, face_parser

BLOCK = 32
"""Side of the squares of one class that the random label maps consist of, px."""

NETWORKS = ("generator", "style_encoder", "alpha_blender", "discriminator", "mask_vae", "vgg19", "face_parser")
"""Networks measured forward and backward; the style encoder is a part of the generator's, measured alone."""

WORK = ("EBST step", "first edit", "later edit", *(f"{network}, forward and backward" for network in NETWORKS))
"""What is measured: every update of Algorithm 1 and the discriminator's; style of a photo, then the image of an edited
mask; the image of another mask in the same style; each network's loss and gradients.
"""


class Settings(NamedTuple):
    """What a side is told.

    Attributes:
      framework: `jax` or `pytorch`.
      work: a name in `WORK`.
      size: of the images, px.
      batch_size: examples.
      vgg19: whether the EBST step has the perceptual loss.
      dtype: of the computation: `float32`, or `bfloat16` (PyTorch: autocast).
      compiled: whether PyTorch compiles.
      weights: folder of the weights that both sides begin with.
    """

    framework: str
    work: str
    size: int
    batch_size: int
    vgg19: bool
    dtype: str
    compiled: bool
    weights: str


def make_config(size: int, batch_size: int, vgg19: bool, dtype: str) -> ConfigDict:
    """Return EBST's config with the published networks, and the face parser's sizes among them."""
    config = ebst.get_config()
    config.data.size, config.batch_size, config.dtype = size, batch_size, dtype
    config.optimiser.learning_rate = 1e-9  # the rounding of one update's gradient shall not show in the next's
    halvings = (size // 4).bit_length() - 1
    config.networks.mask_vae.widths = config.networks.mask_vae.widths[:halvings]
    config.networks.face_parser = face_parser.get_config().networks.face_parser
    if not vgg19:
        config.losses.lambda_percept = 0.0
    return config


def networks_of(work: str) -> tuple[str, ...]:
    """Return the names of the networks whose weights the work reads."""
    match work.partition(",")[0]:
        case "EBST step":
            return ("generator", "discriminator", "vgg19", "mask_vae", "alpha_blender")
        case "first edit" | "later edit" | "style_encoder":
            return ("generator",)
        case network:
            return (network,)


def make_batch(size: int, batch_size: int) -> dict[str, np.ndarray]:
    """Return photos of noise and label maps of squares, uint8 (b h w 3) and (b h w), as the data pipeline does."""
    rng = np.random.default_rng(0)
    squares = rng.integers(0, 19, (2, batch_size, size // BLOCK, size // BLOCK), np.uint8)
    mask_t, mask_ref = squares.repeat(BLOCK, axis=2).repeat(BLOCK, axis=3)
    photos = rng.integers(0, 256, (batch_size, size, size, 3), np.uint8)
    return {"image_t": photos, "mask_t": mask_t, "mask_ref": mask_ref, "index": np.arange(batch_size, dtype=np.int32)}


def load_weights(folder: str, network: str) -> dict[str, np.ndarray]:
    """Return a network's state dict as arrays."""
    with np.load(Path(folder) / f"{network}.npz", allow_pickle=False) as file:
        return dict(file)
