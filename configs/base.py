"""The settings of every run, whatever it trains.

Sources named in all configs: paper = Lee et al., CVPR 2020; demo = the authors' published code (options and networks of
MaskGAN_demo); pix2pixHD = Wang et al., CVPR 2018, whose training code the demo is built on; own = chosen here.
"""

from ml_collections import ConfigDict

VARIANTS = {
    "": "512 px, the published networks; for TPU pods and CUDA GPUs",
    "small": "128 px, about a tenth of the widths; for a first run on your own data",
    "quickstart": "64 px, synthetic faces; minutes on a 2-core CPU",
    "pretrained": "128 px, synthetic faces; the weights that come with the project, hours on a 2-core CPU",
}


def base_config(task: str, variant: str) -> ConfigDict:
    """Return the fields that every run has; a config adds those of its networks, losses and length.

    Args:
      task: what is trained: a file of `maskgan_jax/tasks/`, or a task that an installed package offers.
      variant: one of `VARIANTS`.

    Raises:
      ValueError: there is no such variant.
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
    config.data.synthetic = False  # whether it holds synthetic faces; the editor tells its users
    config.data.prepared = ""  # folder of the records; inside the directory unless named
    config.data.size = 512  # paper
    config.data.train_split = "train"
    config.data.eval_split = "validation"
    config.data.flip = True  # pix2pixHD; the demo's data loader has it switched off
    config.data.max_bad_fraction = 0.001  # own; unreadable records are replaced by others, up to this part of a split

    config.optimiser = ConfigDict()
    config.optimiser.b1 = 0.5  # demo
    config.optimiser.b2 = 0.999  # demo
    config.optimiser.constant_share = 0.5  # pix2pixHD; of the run, after which the learning rate falls linearly to 0

    config.batch_size = 8  # own; over all devices of all hosts
    config.accumulation_steps = 1  # own; microbatches of a step, one after another, where memory is short
    config.mesh = ConfigDict()  # own; the devices as data x fsdp, -1: all that are left; a batch is split over all
    config.mesh.data = -1
    config.mesh.fsdp = 1  # devices that a state's large arrays are split over (ZeRO, Rajbhandari et al., SC 2020)
    config.log_every_steps = 100  # demo, print_freq
    config.evaluators = ConfigDict()  # by their file in maskgan_jax/evaluators/; all on data.eval_split
    config.evaluators.metrics = ConfigDict()
    config.evaluators.metrics.every_steps = 10_000  # own; 0: never
    config.visualize_every_steps = 1_000  # own
    config.checkpoint_every_steps = 1_000  # demo, save_latest_freq
    config.checkpoints_to_keep = 3  # own
    config.best_metric = ""  # such as "validation/psnr": its best checkpoint stays too; "-..." for least
    config.max_nonfinite_steps = 10  # own; skipped steps in a row before the run stops
    config.deterministic = False  # True: the same bits every time on a GPU too, more slowly; CPUs and TPUs always are

    if variant == "small":
        config.data.size = 128
        config.evaluators.metrics.every_steps = 1_000
        config.visualize_every_steps = 250
        config.checkpoint_every_steps = 250
        config.log_every_steps = 25
    if variant == "quickstart":
        config.data.directory = "data/quickstart"
        config.data.synthetic = True
        config.data.size = 64
        config.evaluators.metrics.every_steps = 10_000
        config.visualize_every_steps = 1_000
        config.checkpoint_every_steps = 500
        config.log_every_steps = 50
    if variant == "pretrained":
        config.data.directory = "data/pretrained"
        config.data.synthetic = True
        config.data.size = 128
        config.evaluators.metrics.every_steps = 5_000
        config.visualize_every_steps = 2_500
        config.checkpoint_every_steps = 500
        config.log_every_steps = 100
    return config
