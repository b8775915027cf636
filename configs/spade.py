"""SPADE with its VAE (Park et al., CVPR 2019); "paper" and "code" here are theirs, code the published one.

That MaskGAN's comparison had the VAE is not printed; SEAN's (Zhu et al., CVPR 2020) had it, and its schedule for
CelebAMask-HQ is the one here.
"""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("spade", variant)
    if not variant:
        config.data.size = 256  # MaskGAN, Tables 2 and 3; or 512, where the generator doubles once more
        config.batch_size = 32  # paper; SEAN
    _add_networks(config)
    _add_losses(config)
    config.remat = False  # own; the generator recomputes activations in the backward pass
    config.init = ConfigDict()  # own; "": a random one; else a run, an import or a file of published weights
    config.init.spade_encoder = config.init.spade_generator = config.init.spade_discriminator = ""
    config.init.vgg19 = "vgg19.pth"  # torchvision's file, or the folder that interop.import_torch made of it
    config.optimiser.b1 = 0.0  # code, with TTUR
    config.optimiser.b2 = 0.9  # code, with TTUR
    config.optimiser.learning_rate = 1e-4  # paper; of encoder and generator
    config.optimiser.discriminator_learning_rate = 4e-4  # paper
    config.num_train_steps = 75_500  # SEAN, 50 epochs constant and 50 linear: of 755 batches of the 24,183 photos
    if variant:  # own; for few steps of small networks
        config.optimiser.b1 = 0.9
        config.optimiser.b2 = 0.999
        config.optimiser.learning_rate = 2e-3
        config.optimiser.discriminator_learning_rate = 1e-3
    if variant in ("small", "pretrained"):
        config.num_train_steps = 20_000
    if variant == "quickstart":
        config.batch_size = 4
        config.num_train_steps = 3_000
    return config


def _add_networks(config: ConfigDict) -> None:
    config.code_size = 256  # code
    config.networks = ConfigDict()
    encoder = config.networks.spade_encoder = ConfigDict()
    encoder.widths = (64, 128, 256, 512, 512, 512)  # code; photos are scaled to the size that they halve to 4 px
    generator = config.networks.spade_generator = ConfigDict()
    generator.width = 1024  # code, 16 ngf
    generator.up_widths = (512, 256, 128, 64)  # code
    generator.start_size = 8  # code; px, doubled with every width and once more before
    generator.hidden_width = 128  # code; of the norms
    discriminator = config.networks.spade_discriminator = ConfigDict()
    discriminator.widths = (64, 128, 256, 512)  # code
    discriminator.scales = 2  # code
    if config.variant in ("small", "pretrained"):
        config.code_size = 64
        encoder.widths = (16, 32, 64, 128, 128)
        generator.width = 128
        generator.up_widths = (64, 32, 16)
        generator.hidden_width = 32
        discriminator.widths = (16, 32, 64, 128)
    if config.variant == "quickstart":
        config.code_size = 64
        encoder.widths = (16, 32, 64, 64)
        generator.width = 64
        generator.up_widths = (32, 16)
        generator.hidden_width = 16
        discriminator.widths = (8, 16, 32)
        discriminator.scales = 1


def _add_losses(config: ConfigDict) -> None:
    config.losses = ConfigDict()
    config.losses.lambda_feat = 10.0  # code
    config.losses.lambda_percept = 10.0  # code
    # Code: 0.05 of the sum over one GPU's images, whose losses are then averaged over the GPUs; paper: 32 images on 8.
    config.losses.lambda_kl = 0.05 * 32 / 8
    config.losses.lambda_pixel = 0.0  # own: L1 between pixels (pix2pix), for runs without the perceptual term
    config.losses.imagenet_normalisation = False  # code: VGG19's input is in [-1, 1]
    if config.variant:
        config.losses.lambda_percept = 0.0  # these run without VGG19's weights
        config.losses.lambda_pixel = 100.0
        config.losses.lambda_kl = 0.01  # own; codes that hold more of a photo
