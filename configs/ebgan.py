"""EBGAN (Guo et al., Exemplar-based Generative Facial Editing), "paper" here; it published no code."""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("ebgan", variant)
    if not variant:
        config.data.size = 256  # own; the paper doesn't say
        config.batch_size = 32  # paper
    config.attributes = ()  # Att-EBGAN's: see configs/att_ebgan.py
    config.exemplar_colour_jitter = 0.0  # own; of what a photo's own code is read from, see tasks/ebgan/augmentation.py
    config.networks = ConfigDict()  # all widths are own, those of AttGAN
    encoder = config.networks.exemplar_encoder = ConfigDict()
    encoder.widths = (64, 128, 256, 512, 512)
    generator = config.networks.inpainting_generator = ConfigDict()
    generator.widths = (64, 128, 256, 512, 1024)
    generator.convolution = "plain"  # own; or "gated": Yu et al., ICCV 2019
    discriminator = config.networks.image_discriminator = ConfigDict()
    discriminator.widths = (64, 128, 256, 512, 1024, 1024)  # paper: six
    discriminator.norm = "spectral"  # own; or "instance", or "none" with lambda_r1
    config.losses = ConfigDict()
    config.losses.lambda_rec = 100.0  # paper
    config.losses.by_region = True  # own; inside and outside the region count alike; False: every pixel, as the paper
    config.losses.lambda_cyc = 10.0  # own; the paper doesn't say
    config.losses.lambda_r1 = 0.0  # own; gradient penalty at photos, 10 where it replaces spectral norm
    config.ema_decay = 0.999  # own; of encoder and generator, for inference; 0: no EMA
    config.optimiser.learning_rate = 1e-4  # paper
    config.num_train_steps = 200_000  # own; 35 epochs of CelebA
    if variant == "small":
        encoder.widths = (32, 64, 128, 256)
        generator.widths = (32, 64, 128, 256)
        discriminator.widths = (32, 64, 128, 256, 256)
        config.num_train_steps = 20_000
    if variant in ("quickstart", "pretrained"):
        encoder.widths = (16, 32, 64, 64)
        generator.widths = (16, 32, 64, 128)
        discriminator.widths = (16, 32, 64, 64)
        config.exemplar_colour_jitter = 0.2
        config.ema_decay = 0.99
        config.optimiser.learning_rate = 1e-3
        config.num_train_steps = 3_500
    return config
