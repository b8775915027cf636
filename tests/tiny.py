"""Configs of real runs at sizes that a test can afford."""

from pathlib import Path

from ml_collections import ConfigDict

from configs import dense_mapping, ebst, face_parser, mask_vae

CONFIGS = {"mask_vae": mask_vae, "dense_mapping": dense_mapping, "ebst": ebst, "face_parser": face_parser}


def tiny_config(task: str, data: Path | None = None, runs: Path | None = None) -> ConfigDict:
    """The quickstart's config of a task with the smallest networks that still have every kind of layer."""
    config = CONFIGS[task].get_config("quickstart")
    config.networks.generator.widths = (4, 8)
    config.networks.generator.residual_blocks = 1
    config.networks.generator.style_widths = (4, 4, 8)
    config.networks.discriminator.widths = (4, 8)
    config.networks.mask_vae.widths = (4, 4, 8, 8)
    config.networks.mask_vae.latent_size = 8
    config.networks.alpha_blender.widths = (4, 8)
    config.networks.face_parser.widths = (4, 8)
    config.batch_size = 8
    config.num_train_steps = 6
    config.log_every_steps = 1
    config.checkpoint_every_steps = 2
    config.eval_every_steps = 100
    config.picture_every_steps = 100
    if data:
        config.data.directory = str(data)
    if runs and task == "ebst":
        config.init.mask_vae = str(runs / "mask_vae")
        config.init.dense_mapping = str(runs / "dense_mapping")
    return config
