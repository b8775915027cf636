"""StarGAN (Choi et al., CVPR 2018); "paper" and "code" here are theirs, code the published one."""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("stargan", variant)
    if not variant:
        config.data.size = 256  # code, of CelebA-HQ
    config.attributes = ("Smiling",)  # own; MaskGAN, which compares with it, doesn't say
    config.discriminator_steps = 5  # paper; updates of D before one of G
    config.batch_size = 80  # paper: 16 for each update
    config.networks = ConfigDict()
    generator = config.networks.stargan_generator = ConfigDict()
    generator.widths = (64, 128, 256)  # paper
    generator.residual_blocks = 6  # paper
    discriminator = config.networks.stargan_discriminator = ConfigDict()
    discriminator.widths = (64, 128, 256, 512, 1024, 2048)  # paper
    config.losses = ConfigDict()
    config.losses.lambda_cls = 1.0  # paper; of edited photos, for G
    config.losses.lambda_cls_real = 1.0  # paper; of photos, for D
    config.losses.lambda_rec = 10.0  # paper
    config.losses.lambda_gp = 10.0  # paper
    config.losses.lambda_unchanged = 0.0  # own; of the error of photos that are to keep all of their attributes
    config.ema_decay = 0.0  # code; of the generator, for inference; 0: no EMA
    config.optimiser.learning_rate = 1e-4  # paper; then linear to 0, where the code's falls by 0.1 % of it
    config.num_train_steps = 40_000  # code: 200,000 updates of D
    if variant == "small":
        generator.widths = (32, 64, 128)
        discriminator.widths = (32, 64, 128, 256, 512)
        config.ema_decay = 0.99
        config.batch_size = 40  # own; 8 for each update
        config.num_train_steps = 20_000
    if variant in ("quickstart", "pretrained"):
        generator.widths = (16, 32)
        generator.residual_blocks = 2
        discriminator.widths = (16, 32, 64, 128)
        config.discriminator_steps = 2  # own
        config.batch_size = 8  # own; 4 for each update
        config.losses.lambda_cls_real = 5.0  # own; D learns sooner what a smile is
        config.losses.lambda_unchanged = 10.0
        config.ema_decay = 0.99
        config.optimiser.learning_rate = 1e-3
        config.num_train_steps = 4_000
    return config
