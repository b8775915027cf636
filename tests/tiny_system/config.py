"""A run of the recolourer."""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "quickstart") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("recolour", variant)
    config.networks = ConfigDict()
    config.networks.recolourer = ConfigDict()
    config.networks.recolourer.width = 8
    config.ema_decay = 0.9
    config.optimiser.learning_rate = 1e-2
    config.num_train_steps = 1_000
    return config
