"""Att-EBGAN: EBGAN whose codes are split by attribute, so that gates say what an exemplar's region brings along."""

from ml_collections import ConfigDict

from configs import ebgan


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = ebgan.get_config(variant)
    config.name = f"att_{config.name}"
    config.attributes = (  # own; those of CelebA that a region can show
        "Mouth_Slightly_Open", "Smiling", "Wearing_Lipstick", "Mustache", "Beard", "Eyeglasses", "Bushy_Eyebrows",
        "Arched_Eyebrows",
    )  # fmt: skip
    config.free_channels = 0  # paper; of a code, which no gate touches
    config.losses.lambda_cls = 10.0  # paper
    classifier = config.networks.image_classifier = ConfigDict()
    classifier.widths = config.networks.image_discriminator.widths  # own
    if config.data.synthetic:
        config.attributes = tuple(name for name in config.attributes if name != "Mustache")  # never rendered
        config.free_channels = 8  # 7 blocks of 8
    return config
