"""StarGAN (Choi et al., CVPR 2018): a photo with the attributes that labels say, by one generator for all of them.

"Code" in this package is the published one.
"""

from functools import partial

from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.stargan.evaluation import evaluate, finalize_metrics, visualize
from maskgan_jax.tasks.stargan.inference import inference
from maskgan_jax.tasks.stargan.step import step
from maskgan_jax.tasks.stargan.system import DISCRIMINATOR, GENERATOR, StarGan, describe_networks, make_modules
from maskgan_jax.tasks.task import Optimiser, Task
from maskgan_jax.tasks.update import update


def make(config) -> Task:
    """Build the task from the fields of `configs/stargan.py`.

    Raises:
      UserError: as `make_modules`.
    """
    modules = make_modules(config)
    optimisers = {
        "generator": Optimiser(adam(config), (GENERATOR,)),
        "discriminator": Optimiser(adam(config, config.discriminator_steps), (DISCRIMINATOR,)),
    }
    system = StarGan(
        settings=config.losses,
        generator=modules[GENERATOR],
        discriminator=modules[DISCRIMINATOR],
        attributes=tuple(config.attributes),
        size=config.data.size,
        discriminator_steps=config.discriminator_steps,
        seed=config.seed,
        update=partial(update, optimisers, config.accumulation_steps),
        ema_decay=config.ema_decay,
    )
    return Task(
        inputs=("image_t", "attributes"),
        networks=describe_networks(config, modules),
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(system),
        annotated=("attributes",),
    )
