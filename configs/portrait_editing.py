"""Mask-guided portrait editing (Gu et al., CVPR 2019); "paper" and "code" here are theirs, code the published one."""

from ml_collections import ConfigDict

from configs import face_parser
from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("portrait_editing", variant)
    if not variant:
        config.data.size = 256  # paper
        config.data.flip = False  # code
        config.batch_size = 4  # code
    config.labels = "celebamask"  # own; or "helen": the 11 classes of the published weights
    config.enlarge_parts = True  # code: eyes and mouth by 1.1 in label maps
    config.background_holes = True  # own; hide random regions of the background, as what smaller hair leaves free
    config.mirrored_sources = False  # own; encode mirror images of half of the faces: codes hold less layout
    config.updates = "sequential"  # paper; or "joint": one update by the sum of paired and unpaired loss, as the code
    config.unpaired_discriminator = True  # code; paper: one discriminator for both
    _add_networks(config)
    _add_losses(config)
    config.ema_decay = 0.999  # own; of the networks that edit, for inference; 0: no EMA
    config.optimiser.learning_rate = 2e-4  # code
    config.optimiser.constant_share = 10 / 55  # code, niter and niter_decay
    config.num_train_steps = 302_500  # code; 55 epochs of 22,000 photos
    if variant:
        config.mirrored_sources = True
    if variant in ("small", "pretrained"):
        config.num_train_steps = 20_000
    if variant == "quickstart":
        config.updates = "joint"  # two thirds of the time of sequential updates
        config.ema_decay = 0.99
        config.optimiser.learning_rate = 1e-3
        config.optimiser.b1 = 0.9
        config.optimiser.constant_share = 0.5
        config.num_train_steps = 600
    return config


def _add_networks(config: ConfigDict) -> None:
    """Add the widths of all networks, and where the parser comes from."""
    parts = config.parts = ConfigDict()  # of all parts' encoders and decoders
    parts.code_size = 512  # paper
    parts.encoder_width = 64  # code; after the first halving, then double to 8 times as much
    parts.head_width = 1024  # code
    parts.start_width = 512  # code; of the decoders' smallest maps
    parts.decoder_width = 256  # code; of all further maps of features
    parts.image_decoder_width = 64  # code; at full size
    parts.norm_momentum = 0.1  # code, there called 0.9; what a step keeps of batch norm's running statistics
    config.networks = ConfigDict()
    generator = config.networks.portrait_generator = ConfigDict()
    generator.mask_widths = (64, 128, 256)  # code
    generator.body_width = 256  # code
    generator.residual_blocks = 9  # code
    generator.up_widths = (128, 64)  # code
    generator.background_width = 64  # code
    discriminator = config.networks.discriminator = ConfigDict()
    discriminator.widths = (64, 128, 256, 512)  # code
    discriminator.scales = 2  # code
    discriminator.norm = "batch"  # code; or "instance"
    config.networks.face_parser = face_parser.get_config(config.variant).networks.face_parser
    config.parser = "face_parser"  # own; or "parser_unet": the paper's
    config.init = ConfigDict()
    config.init.face_parser = f"runs/face_parser{'_' if config.variant else ''}{config.variant}"
    config.init.parser_unet = ""  # an imported one
    config.init.vgg19 = "vgg19.pth"  # torchvision's file, or the folder that interop.import_torch made of it
    if config.variant:
        parts.code_size = 64
        parts.encoder_width = 16
        parts.head_width = 128
        parts.start_width = 64
        parts.decoder_width = 32
        parts.image_decoder_width = 16
        parts.norm_momentum = 0.9  # own; statistics of a small batch's few pixels vary
        generator.mask_widths = (16, 32, 64)
        generator.body_width = 64
        generator.residual_blocks = 4
        generator.up_widths = (32, 16)
        generator.background_width = 16
        discriminator.widths = (16, 32, 64, 128)
    if config.variant == "quickstart":
        parts.decoder_width = 16
        parts.image_decoder_width = 8
        generator.mask_widths = (16, 32)
        generator.body_width = 32
        generator.up_widths = (16,)
        discriminator.widths = (8, 16, 32)
        discriminator.scales = 1


def _add_losses(config: ConfigDict) -> None:
    """Add the weights of the loss's terms."""
    config.losses = ConfigDict()
    config.losses.adversarial = "log"  # paper; code: --no_lsgan
    config.losses.lambda_local = 5000.0  # code
    config.losses.lambda_global = 40.0  # code
    config.losses.global_by_part = False  # code; True: each part's error is a mean over its own pixels (own)
    config.losses.lambda_colour = 0.0  # own; of the distance of parts' mean colours in unpaired faces and their sources
    config.losses.lambda_feat = 10.0  # code
    config.losses.lambda_percept = 30.0  # code; the paper has no such term
    config.losses.lambda_parsing = 10.0  # own; paper: 1; code: 100, with probabilities for logits
    config.losses.lambda_kl = 0.0  # paper; above 0 codes are sampled in training
    config.losses.imagenet_normalisation = False  # code: VGG19's input is in [-1, 1]
    if config.variant:
        config.losses.lambda_percept = 0.0  # these run without VGG19's weights
        config.losses.lambda_global = 400.0
        config.losses.global_by_part = True
        config.losses.lambda_colour = 100.0
