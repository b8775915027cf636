"""Pix2PixHD-m, which the paper compares MaskGAN with: the Dense Mapping Network without the mask in its style encoder.

The paper doesn't print what "-m" stands for; this reading is our own. Plain pix2pixHD, with or without its feature
encoder, is another network.
"""

from ml_collections import ConfigDict

from configs import dense_mapping


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = dense_mapping.get_config(variant)
    config.name = config.name.replace("dense_mapping", "pix2pixhd_m")
    config.networks.generator.style_uses_mask = False
    return config
