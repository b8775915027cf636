"""The face parser, which labels a photo that comes without a mask."""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("face_parser", variant)
    config.networks = ConfigDict()
    config.networks.face_parser = ConfigDict()
    config.networks.face_parser.widths = (16, 32, 64, 128, 256)  # demo
    config.optimiser.learning_rate = 1e-3  # own; demo: 2e-4
    config.num_train_steps = 100_000  # own, about 30 epochs of batches of 8; demo: 1,000,000
    if variant == "small":
        config.networks.face_parser.widths = (8, 16, 32, 64, 128)
        config.num_train_steps = 5_000
        config.optimiser.learning_rate = 1e-2
    if variant == "quickstart":
        config.networks.face_parser.widths = (8, 16, 32, 64)
        config.batch_size = 16
        config.num_train_steps = 1_000
        config.optimiser.learning_rate = 1e-2
    if variant == "pretrained":
        config.networks.face_parser.widths = (8, 16, 32, 64, 128)
        config.batch_size = 4
        config.num_train_steps = 2_500
        config.optimiser.learning_rate = 5e-3
    return config
