"""What the three stages of one system have in common: data, networks, losses; at full size and in small variants.

Sources: paper = Lee et al., CVPR 2020; demo = the authors' published code (options and networks of MaskGAN_demo);
pix2pixHD = Wang et al., CVPR 2018, whose training code the demo is built on; own = chosen here.
"""

from ml_collections import ConfigDict

VARIANTS = {
    "": "512 px, the published networks; for TPU pods and CUDA GPUs",
    "small": "128 px, about a tenth of the widths; for a first run on your own data",
    "quickstart": "64 px, synthetic faces; minutes on a 2-core CPU",
}


def preset(task: str, variant: str) -> ConfigDict:
    """The fields that every stage has; each config adds its own.

    Raises:
      ValueError: no such variant.
    """
    if variant not in VARIANTS:
        known = "; ".join(f":{name} is {meaning}" for name, meaning in VARIANTS.items() if name)
        raise ValueError(f"configs/{task}.py has no variant :{variant}; {known}; without a word it is {VARIANTS['']}")

    config = ConfigDict()
    config.task = task
    config.variant = variant
    config.name = "_".join(filter(None, (task, variant)))
    config.seed = 0
    config.dtype = "float32"  # of the computation; or bfloat16: parameters, statistics and losses stay float32

    config.data = ConfigDict()
    config.data.directory = "data/CelebAMask-HQ"  # the raw layout
    config.data.prepared = ""  # where the records go; inside the directory unless named
    config.data.size = 512  # paper
    config.data.train_split = "train"
    config.data.eval_split = "validation"
    config.data.flip = True  # pix2pixHD
    config.data.max_bad_fraction = 0.001  # own; unreadable records are replaced by others, up to this part of a split

    config.networks = ConfigDict()
    config.networks.generator = ConfigDict()
    config.networks.generator.widths = (64, 128, 256, 512, 1024)  # paper, appendix; demo
    config.networks.generator.residual_blocks = 4  # demo
    config.networks.generator.style_widths = (16, 32, 64)  # paper, Fig. 11; demo
    config.networks.generator.style_deep_layers = 3  # paper, Fig. 11; demo
    config.networks.generator.style_init = "published"
    config.networks.discriminator = ConfigDict()
    config.networks.discriminator.widths = (64, 128, 256, 512)  # demo
    config.networks.discriminator.scales = 2  # paper, D_1,2
    config.networks.mask_vae = ConfigDict()
    config.networks.mask_vae.widths = (32, 64, 128, 256, 512, 1024, 2048)  # paper, Fig. 10; demo
    config.networks.mask_vae.latent_size = 1024  # demo
    config.networks.alpha_blender = ConfigDict()
    config.networks.alpha_blender.widths = (32, 64, 128, 256)  # paper, appendix
    config.networks.alpha_blender.residual_blocks = 3  # paper, appendix
    config.networks.face_parser = ConfigDict()
    config.networks.face_parser.widths = (16, 32, 64, 128, 256)  # demo

    config.losses = ConfigDict()
    config.lambda_inter = 2.5  # paper, Sec. 3.3

    config.optimiser = ConfigDict()
    config.optimiser.b1 = 0.5  # demo
    config.optimiser.b2 = 0.999  # demo

    config.batch_size = 8  # own; of all devices of all hosts together
    config.accumulation_steps = 1  # own; parts that a batch is computed in, one after another, where memory is short
    config.mesh = ConfigDict()  # own; the devices as data x fsdp, -1: all that are left; a batch is split over all
    config.mesh.data = -1
    config.mesh.fsdp = 1  # devices that a state's large arrays are split over (ZeRO, Rajbhandari et al., SC 2020)
    config.log_every_steps = 100  # demo, print_freq
    config.eval_every_steps = 10_000  # own
    config.picture_every_steps = 1_000  # own
    config.checkpoint_every_steps = 1_000  # demo, save_latest_freq
    config.checkpoints_to_keep = 3  # own
    config.best_metric = ""  # such as "validation/psnr": its best checkpoint stays too; "-..." for least
    config.max_bad_steps = 10  # own; steps in a row that are not finite and skipped, before the run stops
    config.deterministic = False  # True: the same bits every time on a GPU too, more slowly; others always do

    if variant == "small":
        config.data.size = 128
        config.networks.generator.widths = (16, 32, 64, 128)
        config.networks.generator.residual_blocks = 3
        config.networks.generator.style_init = "he"
        config.networks.discriminator.widths = (16, 32, 64, 128)
        config.networks.mask_vae.widths = (16, 32, 64, 128, 256)
        config.networks.mask_vae.latent_size = 128
        config.networks.alpha_blender.widths = (8, 16, 32)
        config.networks.alpha_blender.residual_blocks = 1
        config.networks.face_parser.widths = (8, 16, 32, 64, 128)
        config.eval_every_steps = 1_000
        config.picture_every_steps = 250
        config.checkpoint_every_steps = 250
        config.log_every_steps = 25
    if variant == "quickstart":
        config.data.directory = "data/quickstart"
        config.data.size = 64
        config.networks.generator.widths = (16, 32, 64)
        config.networks.generator.residual_blocks = 2
        config.networks.generator.style_widths = (8, 24, 96)
        config.networks.generator.style_deep_layers = 1
        config.networks.generator.style_init = "he"
        config.networks.discriminator.widths = (8, 16, 32)
        config.networks.mask_vae.widths = (16, 32, 64, 128)
        config.networks.mask_vae.latent_size = 128
        config.networks.alpha_blender.widths = (8, 16, 32)
        config.networks.alpha_blender.residual_blocks = 1
        config.networks.face_parser.widths = (8, 16, 32, 64)
        config.eval_every_steps = 1_000
        config.picture_every_steps = 1_000
        config.checkpoint_every_steps = 200
        config.log_every_steps = 25
    return config


def adversarial_losses(config: ConfigDict) -> None:
    """Adds Eq. 6 and where the perceptual loss's weights are."""
    config.losses.adversarial = "least_squares"  # demo; the paper prints "log"
    config.losses.lambda_feat = 10.0  # paper, Sec. 4.1; demo
    config.losses.lambda_percept = 10.0  # paper, Sec. 4.1; demo
    config.losses.lambda_pixel = 0.0  # own: L1 between pixels (pix2pix), for runs without the perceptual term
    config.losses.imagenet_normalisation = False  # demo: VGG19 sees images in [-1, 1]
    config.remat = False  # own; generator and blender keep less for the backward pass and compute it anew
    config.average_decay = 0.999  # own; of the generator for inference; 0 keeps none
    config.init = ConfigDict()
    config.init.vgg19 = "vgg19.pth"  # torchvision's file, or the folder that interop.import_torch made of it
    if config.variant:
        config.losses.lambda_percept = 0.0  # these run without VGG19's weights
        config.losses.lambda_pixel = 30.0
        config.average_decay = 0.99
