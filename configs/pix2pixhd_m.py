"""Pix2PixHD-m, which the paper compares MaskGAN with: the Dense Mapping Network without the mask in its style encoder.

It is pix2pixHD's generator and losses with AdaIN for the style (Lee et al. 2020, Sec. 5.2; what "-m" leaves out is not
printed, and read so from the paper's ablation).
"""

from ml_collections import ConfigDict

from configs import dense_mapping


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = dense_mapping.get_config(variant)
    config.name = config.name.replace("dense_mapping", "pix2pixhd_m")
    config.networks.generator.style_uses_mask = False
    return config
