"""ELEGANT (Xiao, Hong and Ma, ECCV 2018): attributes of two photos exchanged between their latent encodings.

An encoder gives each attribute a block of channels. Two photos that differ in an attribute exchange its block, and the
decoder computes what has to be added to each so that it shows the other's.
"""

from functools import partial

from data_pipeline.celeba_attributes import columns_of
from maskgan_jax.tasks.dense_mapping import finalize_metrics
from maskgan_jax.tasks.elegant.evaluation import evaluate, visualize
from maskgan_jax.tasks.elegant.inference import inference
from maskgan_jax.tasks.elegant.step import OPTIMISERS, step
from maskgan_jax.tasks.elegant.system import Elegant, describe_networks, make_modules
from maskgan_jax.tasks.optimiser import decaying_adam
from maskgan_jax.tasks.task import Optimiser, Task
from maskgan_jax.tasks.update import update


def make(config) -> Task:
    """Build the task from the fields of `configs/elegant.py`.

    Raises:
      UserError: CelebA has no such attribute, or as `make_modules`.
    """
    attributes = tuple(config.attributes)
    modules = make_modules(config)
    optimisers = {name: Optimiser(decaying_adam(config), networks) for name, networks in OPTIMISERS.items()}
    system = Elegant(
        settings=config.losses,
        modules=modules,
        columns=columns_of(attributes),
        size=config.data.size,
        update=partial(update, optimisers, config.accumulation_steps),
        microbatches=config.accumulation_steps,
        ema_decay=config.ema_decay,
    )
    return Task(
        inputs=("image_t", "image_ref", "attributes", "attributes_ref", "differing_attribute"),
        networks=describe_networks(config, modules),
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(system),
        annotated=("attributes", "attributes_ref"),
        differing=attributes,
    )
