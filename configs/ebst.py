"""Stage 3: Editing Behaviour Simulated Training, from a trained MaskVAE and Dense Mapping Network."""

from ml_collections import ConfigDict

from configs.base import base_config
from configs.maskgan import add_alpha_blender, add_gan, add_mask_vae


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("ebst", variant)
    config.networks = ConfigDict()
    add_gan(config)
    add_mask_vae(config)
    add_alpha_blender(config)
    suffix = f"_{variant}" if variant else ""
    config.init.mask_vae = f"runs/mask_vae{suffix}"
    config.init.dense_mapping = f"runs/dense_mapping{suffix}"  # or an imported generator
    config.init.discriminator = ""  # a run's or an imported one; "": that of init.dense_mapping; "new": a random one
    config.init.alpha_blender = ""  # a run's or an imported one; "": a random one
    config.updates = "sequential"  # paper, Algorithm 1; or "joint": one backward pass of both losses
    config.optimiser.learning_rate = 5e-5  # demo
    config.num_train_steps = 600_000  # demo, niter + niter_decay: 200 epochs of batches of 8
    if variant == "small":
        config.num_train_steps = 5_000
        config.optimiser.learning_rate = 5e-4
    if variant == "quickstart":
        config.num_train_steps = 100
        config.optimiser.learning_rate = 5e-4
    if variant == "pretrained":
        config.num_train_steps = 600
        config.optimiser.learning_rate = 2e-4
    return config
