"""Stage 1: the MaskVAE."""

from ml_collections import ConfigDict

from configs.presets import preset


def get_config(variant: str = "") -> ConfigDict:
    """The run's config; `variant` is one of `presets.VARIANTS`."""
    config = preset("mask_vae", variant)
    config.losses.lambda_kl = 1e-5  # paper, Sec. 4.1
    config.optimiser.learning_rate = 1e-3  # own
    config.num_train_steps = 300_000  # own; about 100 epochs of batches of 8
    if variant == "small":
        config.num_train_steps = 5_000
    if variant == "quickstart":
        config.batch_size = 16
        config.num_train_steps = 200
    return config
