"""What both sides compute: the work by name, its networks, their weights and its inputs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from configs import ebgan, ebst, portrait_editing

BLOCK = 32
"""Side of the squares of one class that the random label maps consist of, px."""

BATCH_NORM_NETWORKS = (
    "encoder_skin", "image_decoder_skin", "portrait_generator", "exemplar_encoder", "inpainting_generator",
)  # fmt: skip
"""Those of portrait editing and EBGAN that are measured, with the batch's statistics."""

NETWORKS = (
    "generator", "style_encoder", "alpha_blender", "discriminator", "mask_vae", "vgg19", "face_parser",
    *BATCH_NORM_NETWORKS,
)  # fmt: skip
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
    """Return EBST's config with the published networks."""
    config = ebst.get_config()
    config.data.size, config.batch_size, config.dtype = size, batch_size, dtype
    config.optimiser.learning_rate = 1e-9  # the rounding of one update's gradient shall not show in the next's
    halvings = (size // 4).bit_length() - 1
    config.networks.mask_vae.widths = config.networks.mask_vae.widths[:halvings]
    if not vgg19:
        config.losses.lambda_percept = 0.0
    return config


def make_portrait_config(size: int, dtype: str) -> ConfigDict:
    """Return portrait editing's config with the published networks."""
    config = portrait_editing.get_config()
    config.data.size, config.dtype = size, dtype
    return config


def make_ebgan_config(size: int, dtype: str) -> ConfigDict:
    """Return EBGAN's config with the widths of the design."""
    config = ebgan.get_config()
    config.data.size, config.dtype = size, dtype
    return config


def make_sizes(size: int) -> ConfigDict:
    """Return the sizes of all networks by name, for images of a size in px."""
    sizes = make_config(size, batch_size=1, vgg19=True, dtype="float32").networks
    portrait = make_portrait_config(size, dtype="float32")
    sizes.face_parser = portrait.networks.face_parser
    sizes.portrait_generator = portrait.networks.portrait_generator
    sizes.parts = ConfigDict({**portrait.parts, "size": size})
    inpainting = make_ebgan_config(size, dtype="float32").networks
    sizes.exemplar_encoder, sizes.inpainting_generator = inpainting.exemplar_encoder, inpainting.inpainting_generator
    return sizes


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


def make_features(network: str, size: int, batch_size: int) -> np.ndarray:
    """Return what a network reads beside photos and masks, float32, for images of a size in px.

    Codes (b k) for the image decoder; for the portrait generator the features of all five parts (b size/4 size/4 c);
    for the inpainting generator codes (b y x c); for others nothing, (0,).
    """
    parts = make_portrait_config(size, dtype="float32").parts
    code_widths = make_ebgan_config(size, dtype="float32").networks.exemplar_encoder.widths
    code_size = size >> len(code_widths)
    shape = {
        "image_decoder_skin": (batch_size, parts.code_size),
        "portrait_generator": (batch_size, size // 4, size // 4, 5 * parts.decoder_width),
        "inpainting_generator": (batch_size, code_size, code_size, code_widths[-1]),
    }.get(network, (0,))
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def load_weights(folder: str, network: str) -> dict[str, np.ndarray]:
    """Return a network's state dict as arrays."""
    with np.load(Path(folder) / f"{network}.npz", allow_pickle=False) as file:
        return dict(file)
