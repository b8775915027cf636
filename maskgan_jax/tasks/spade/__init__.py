"""SPADE with its VAE (Park et al., CVPR 2019), which MaskGAN is compared with; "code" is the published one.

The discriminator has a higher learning rate than encoder and generator (TTUR, Heusel et al., NIPS 2017).
"""

from functools import partial

from maskgan_jax.tasks.dense_mapping import finalize_metrics
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.spade.evaluation import evaluate, visualize
from maskgan_jax.tasks.spade.inference import inference
from maskgan_jax.tasks.spade.step import step
from maskgan_jax.tasks.spade.system import (
    DISCRIMINATOR,
    ENCODER,
    GENERATOR,
    Spade,
    describe_networks,
    make_modules,
    pretrained,
)
from maskgan_jax.tasks.task import Optimiser, Task
from maskgan_jax.tasks.update import update


def make(config) -> Task:
    """Build the task from the fields of `configs/spade.py`.

    Raises:
      UserError: as `make_modules`.
    """
    modules = make_modules(config)
    optimisers = {
        "generator": Optimiser(adam(config), (ENCODER, GENERATOR)),
        "discriminator": Optimiser(adam(config, peak="discriminator_learning_rate"), (DISCRIMINATOR,)),
    }
    microbatches = config.accumulation_steps
    system = Spade(config.losses, modules, config.seed, partial(update, optimisers, microbatches), microbatches)
    return Task(
        inputs=("image_t", "mask_t"),
        networks=describe_networks(config, modules),
        pretrained=pretrained(config),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(config, modules),
    )
