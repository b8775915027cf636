"""Configs of real runs at sizes that a test can afford."""

from pathlib import Path

from ml_collections import ConfigDict

from configs import (
    att_ebgan,
    attribute_classifier,
    dense_mapping,
    ebgan,
    ebst,
    elegant,
    face_parser,
    mask_vae,
    pix2pixhd_m,
    portrait_editing,
    spade,
    stargan,
)

CONFIGS = {
    "mask_vae": mask_vae,
    "dense_mapping": dense_mapping,
    "pix2pixhd_m": pix2pixhd_m,
    "ebst": ebst,
    "face_parser": face_parser,
    "attribute_classifier": attribute_classifier,
    "portrait_editing": portrait_editing,
    "ebgan": ebgan,
    "att_ebgan": att_ebgan,
    "spade": spade,
    "stargan": stargan,
    "elegant": elegant,
}

TINY_NETWORKS = {
    "generator": {"widths": (4, 8), "residual_blocks": 1, "style_widths": (4, 4, 8)},
    "discriminator": {"widths": (4, 8), "scales": 2},
    "mask_vae": {"widths": (4, 4, 8, 8), "latent_size": 8},
    "alpha_blender": {"widths": (4, 8)},
    "face_parser": {"widths": (4, 8)},
    "resnet18": {"widths": (4, 8)},
    "portrait_generator": {
        "mask_widths": (4, 4, 8), "body_width": 8, "residual_blocks": 1, "up_widths": (8, 4), "background_width": 4,
    },
    "exemplar_encoder": {"widths": (4, 4, 8)},
    "inpainting_generator": {"widths": (4, 4, 8)},
    "image_discriminator": {"widths": (4, 8)},
    "image_classifier": {"widths": (4, 8)},
    "spade_encoder": {"widths": (4, 8)},
    "spade_generator": {"width": 8, "up_widths": (4,), "start_size": 16, "hidden_width": 4},
    "spade_discriminator": {"widths": (4, 8), "scales": 2},
    "stargan_generator": {"widths": (4, 8), "residual_blocks": 1},
    "stargan_discriminator": {"widths": (4, 8)},
    "latent_encoder": {"widths": (4, 8, 8)},
    "label_discriminator_1": {"widths": (4, 8)},
    "label_discriminator_2": {"widths": (4, 8)},
}  # fmt: skip
"""Fields of `config.networks`, by network."""

TINY_PARTS = {
    "code_size": 8, "encoder_width": 4, "head_width": 8, "start_width": 8, "decoder_width": 4, "image_decoder_width": 4,
}  # fmt: skip
"""Fields of `config.parts` of portrait editing."""


def tiny_config(task: str, data: Path | None = None, runs: Path | None = None) -> ConfigDict:
    """Return the quickstart's config of a task with the smallest networks that still have every kind of layer.

    Args:
      task: name of the config.
      data: directory of the data set; the quickstart's by default.
      runs: folder with the runs that a task begins with; the quickstart's by default.
    """
    config = CONFIGS[task].get_config("quickstart")
    for network, fields in config.networks.items():
        fields.update(TINY_NETWORKS[network])
    if task == "attribute_classifier":
        config.input_size = config.data.size
    if task == "portrait_editing":
        config.parts.update(TINY_PARTS)
    if task == "att_ebgan":
        config.free_channels = 1
    if task == "elegant":
        config.attributes = ("Smiling", "Eyeglasses")  # of 40 faces, those of each split differ in them
    config.batch_size = 8
    config.num_train_steps = 6
    config.log_every_steps = 1
    config.checkpoint_every_steps = 2
    for settings in config.evaluators.values():
        settings.every_steps = 0
    config.evaluators.metrics.every_steps = 100
    config.visualize_every_steps = 100
    if data:
        config.data.directory = str(data)
    if runs and task == "ebst":
        config.init.mask_vae = str(runs / "mask_vae")
        config.init.dense_mapping = str(runs / "dense_mapping")
    if runs and task == "portrait_editing":
        config.init.face_parser = str(runs / "face_parser")
    return config
