"""The face parser, which labels a photo that comes without a mask."""

from ml_collections import ConfigDict

from configs.presets import preset


def get_config(variant: str = "") -> ConfigDict:
    """The run's config; `variant` is one of `presets.VARIANTS`."""
    config = preset("face_parser", variant)
    config.optimiser.learning_rate = 1e-3  # own
    config.num_train_steps = 100_000  # own; about 30 epochs of batches of 8
    if variant == "small":
        config.num_train_steps = 5_000
        config.optimiser.learning_rate = 1e-2
    if variant == "quickstart":
        config.batch_size = 16
        config.num_train_steps = 1_000
        config.optimiser.learning_rate = 1e-2
    return config
