"""Stage 1: the MaskVAE."""

from ml_collections import ConfigDict

from configs.base import base_config
from configs.maskgan import add_mask_vae


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("mask_vae", variant)
    config.networks = ConfigDict()
    add_mask_vae(config)
    config.losses = ConfigDict()
    config.losses.lambda_kl = 1e-5  # paper, Sec. 4.1
    config.losses.lambda_dice = 0.0  # paper; small parts appear very late without it
    config.optimiser.learning_rate = 1e-3  # own
    config.num_train_steps = 300_000  # own; about 100 epochs of batches of 8
    if variant:
        config.losses.lambda_dice = 1.0  # own
    if variant == "small":
        config.num_train_steps = 5_000
    if variant == "quickstart":
        config.batch_size = 4
        config.num_train_steps = 1_000
        config.optimiser.learning_rate = 3e-3
    if variant == "pretrained":
        config.num_train_steps = 7_000
        config.optimiser.learning_rate = 2e-3
    return config
