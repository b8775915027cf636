"""Stage 1: the MaskVAE."""

from ml_collections import ConfigDict

from configs.base import base_config
from configs.maskgan import add_mask_vae
from data_pipeline.labels import CLASSES

SMALL_PARTS = {
    "nose": 2.0, "l_ear": 2.0, "r_ear": 2.0, "eye_g": 3.0, "l_eye": 4.0, "r_eye": 4.0, "l_brow": 4.0, "r_brow": 4.0,
    "mouth": 4.0, "u_lip": 4.0, "l_lip": 4.0, "ear_r": 10.0, "neck_l": 10.0,
}  # fmt: skip
"""Weights of classes that cover few pixels, which a MaskVAE otherwise paints over."""


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("mask_vae", variant)
    config.networks = ConfigDict()
    add_mask_vae(config)
    config.losses = ConfigDict()
    config.losses.lambda_kl = 1e-5  # paper, Sec. 4.1
    config.losses.class_weights = ConfigDict(dict.fromkeys(CLASSES, 1.0))  # own; of each pixel, by its true class
    config.optimiser.learning_rate = 1e-3  # own
    config.num_train_steps = 300_000  # own; about 100 epochs of batches of 8
    if variant == "small":
        config.num_train_steps = 5_000
    if variant == "quickstart":
        config.batch_size = 4
        config.num_train_steps = 1_000
        config.optimiser.learning_rate = 3e-3
    if variant == "pretrained":
        config.num_train_steps = 6_000
        config.optimiser.learning_rate = 2e-3
        config.losses.class_weights.update(SMALL_PARTS)
    return config
