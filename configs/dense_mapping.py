"""Stage 2: the Dense Mapping Network."""

from ml_collections import ConfigDict

from configs.base import base_config
from configs.maskgan import add_gan


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("dense_mapping", variant)
    config.networks = ConfigDict()
    add_gan(config)
    config.init.dense_mapping = ""  # own; a run to begin with, generator and discriminator; "": random ones
    config.init.discriminator = ""  # its own run; "": that of init.dense_mapping; "new": a random one
    config.optimiser.learning_rate = 2e-4  # pix2pixHD
    config.num_train_steps = 600_000  # pix2pixHD, niter + niter_decay: 200 epochs of batches of 8
    if variant == "small":
        config.num_train_steps = 10_000
        config.optimiser.learning_rate = 1e-3
    if variant == "quickstart":
        config.num_train_steps = 6_000
        config.optimiser.learning_rate = 5e-4  # with 1e-3 some seeds end 4 dB lower
    if variant == "pretrained":
        config.num_train_steps = 10_000
        config.optimiser.learning_rate = 5e-4  # begins with a trained network, see launch/pretrained.py
    return config
