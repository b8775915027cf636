"""What the stages of MaskGAN share: the networks at their published and smaller sizes, and the adversarial losses."""

from ml_collections import ConfigDict

from configs.paper_tables import add_paper_tables


def add_mask_vae(config: ConfigDict) -> None:
    """Add the MaskVAE and the length of a simulated edit."""
    config.lambda_inter = 2.5  # paper, Sec. 3.3
    config.networks.mask_vae = ConfigDict()
    config.networks.mask_vae.widths = (32, 64, 128, 256, 512, 1024, 2048)  # paper, Fig. 10; demo
    config.networks.mask_vae.latent_size = 1024  # demo
    if config.variant == "quickstart":
        config.networks.mask_vae.widths = (16, 32, 64, 128)
        config.networks.mask_vae.latent_size = 128
    if config.variant in ("small", "pretrained"):
        config.networks.mask_vae.widths = (8, 16, 32, 64, 128)  # own; twice as wide it learns many times more slowly
        config.networks.mask_vae.latent_size = 256


def add_gan(config: ConfigDict) -> None:
    """Add generator, discriminator, their losses (Eq. 6), and what else an adversarial stage has."""
    generator = config.networks.generator = ConfigDict()
    generator.widths = (64, 128, 256, 512, 1024)  # paper, appendix; demo
    generator.residual_blocks = 4  # demo
    generator.style_widths = (16, 32, 64)  # paper, Fig. 11; demo
    generator.style_deep_layers = 3  # paper, Fig. 11; demo
    generator.style_init = "published"
    discriminator = config.networks.discriminator = ConfigDict()
    discriminator.widths = (64, 128, 256, 512)  # demo
    discriminator.scales = 2  # paper, D_1,2
    if config.variant == "small":
        generator.widths = (16, 32, 64, 128)
        generator.residual_blocks = 3
        generator.style_init = "he"
        discriminator.widths = (16, 32, 64, 128)
    if config.variant in ("quickstart", "pretrained"):
        generator.style_widths = (8, 24, 96)
        generator.style_init = "he"
        discriminator.widths = (8, 16, 32)
        discriminator.scales = 1
        config.batch_size = 2  # own; small batches, fast momentum and one scale learnt most in 110 s on 2 cores
        config.optimiser.b1 = 0.9  # own
    if config.variant == "quickstart":
        generator.widths = (16, 32, 64)
        generator.residual_blocks = 2
        generator.style_deep_layers = 1
    if config.variant == "pretrained":
        generator.widths = (24, 48, 96)  # two halvings: blocks at 32 px, as in the published network at 512 px
        generator.style_deep_layers = 2

    tables = config.evaluators.paper_tables = ConfigDict()
    tables.every_steps = 0  # own; held-out photos need attributes and poses, and unless they were rendered judges
    add_paper_tables(tables, config.data.synthetic)
    tables.pairs.smiling = tables.pairs.style_copy = 64  # own
    tables.judges = ConfigDict()  # as in configs/evaluation.py
    tables.judges.attribute_classifier = tables.judges.face_parser = tables.judges.inception = ""
    if config.variant == "pretrained":
        tables.every_steps = 5_000

    config.losses = ConfigDict()
    config.losses.adversarial = "least_squares"  # demo; the paper prints "log"
    config.losses.lambda_feat = 10.0  # paper, Sec. 4.1; demo
    config.losses.lambda_percept = 10.0  # paper, Sec. 4.1; demo
    config.losses.lambda_pixel = 0.0  # own: L1 between pixels (pix2pix), for runs without the perceptual term
    config.losses.imagenet_normalisation = False  # demo: VGG19's input is in [-1, 1]
    config.remat = False  # own; generator and blender recompute activations in the backward pass
    config.ema_decay = 0.999  # own; of the generator's parameters, for inference; 0: no EMA
    config.init = ConfigDict()
    config.init.vgg19 = "vgg19.pth"  # torchvision's file, or the folder that interop.import_torch made of it
    if config.variant:
        config.losses.lambda_percept = 0.0  # these run without VGG19's weights
        config.losses.lambda_pixel = 30.0
        config.ema_decay = 0.99
    if config.variant == "pretrained":
        config.losses.lambda_pixel = 100.0  # pix2pix
        config.ema_decay = 0.999


def add_alpha_blender(config: ConfigDict) -> None:
    """Add the alpha blender."""
    config.networks.alpha_blender = ConfigDict()
    config.networks.alpha_blender.widths = (32, 64, 128, 256)  # paper, appendix
    config.networks.alpha_blender.residual_blocks = 3  # paper, appendix
    if config.variant:
        config.networks.alpha_blender.widths = (8, 16, 32)
        config.networks.alpha_blender.residual_blocks = 1
