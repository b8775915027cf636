"""ELEGANT (Xiao, Hong and Ma, ECCV 2018); "code" here is the authors' published code."""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("elegant", variant)
    if not variant:
        config.data.size = 256  # code
        config.batch_size = 16  # code; pairs, over all attributes together, where the code has 16 for each
    config.data.flip = False  # code
    config.attributes = ("Smiling", "Mouth_Slightly_Open")  # own; each has a block of the latent encoding
    config.networks = ConfigDict()
    encoder = config.networks.latent_encoder = ConfigDict()  # the decoder has the same widths
    encoder.widths = (64, 128, 256, 512, 512)  # code
    full, half = (ConfigDict() for _ in range(2))
    config.networks.label_discriminator_1, config.networks.label_discriminator_2 = full, half
    full.widths = half.widths = (64, 128, 256, 512)  # code
    config.losses = ConfigDict()
    config.losses.lambda_rec = 5.0  # code
    config.losses.lambda_half_size = 0.5  # code; of the discriminator that sees photos at half their size
    config.ema_decay = 0.999  # own; of encoder and decoder, for inference; 0: no EMA, as the code
    config.optimiser.learning_rate = 2e-4  # code
    config.optimiser.l2 = 1e-5  # code; of all parameters, in the gradient
    config.optimiser.decay_factor = 0.97  # code
    config.optimiser.decay_every_steps = 3_000  # code
    del config.optimiser.constant_share
    config.num_train_steps = 200_000  # code
    if variant == "small":
        encoder.widths = (32, 64, 128, 256, 256)
        full.widths = half.widths = (32, 64, 128, 256)
        config.num_train_steps = 20_000
    if variant in ("quickstart", "pretrained"):
        # Three halvings, for the maps are then nearer to those of 256 px in size; discriminators of four, whose maps
        # have 4x4 and 2x2 pixels, take longer to see that a label and a mouth don't fit.
        encoder.widths = full.widths = half.widths = (24, 48, 96)
        config.data.flip = True  # own; 1,600 photos are few
        config.ema_decay = 0.99
        config.optimiser.learning_rate = 5e-4
        config.num_train_steps = 8_000
    return config
