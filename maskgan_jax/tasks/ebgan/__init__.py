"""EBGAN and Att-EBGAN (Guo et al., Exemplar-based Generative Facial Editing): a region filled as an exemplar shows it.

Part of a photo A is hidden, an encoder reads the same region of another, B, and the generator fills it in. In Att-EBGAN
parts of the code belong to attributes, and gates decide which of them pass. No code was published.
"""

from functools import partial

from data_pipeline.errors import UserError
from maskgan_jax.tasks.dense_mapping import finalize_metrics
from maskgan_jax.tasks.ebgan.evaluation import evaluate, visualize
from maskgan_jax.tasks.ebgan.inference import inference
from maskgan_jax.tasks.ebgan.step import OPTIMISERS, step
from maskgan_jax.tasks.ebgan.system import Ebgan, code_shape, describe_networks, make_modules
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.task import Optimiser, Task
from maskgan_jax.tasks.update import update


def make(config) -> Task:
    """Build the task from the fields of `configs/ebgan.py`; Att-EBGAN if `config.attributes` names any.

    Raises:
      UserError: as `make_modules`; or a batch has one row, and no other to be its exemplar.
    """
    if config.batch_size < 2:
        raise UserError("config.batch_size: 1; the exemplar of a row is the next row, so give at least 2")
    modules = make_modules(config)
    optimisers = {
        name: Optimiser(adam(config), networks)
        for name, networks in OPTIMISERS.items()
        if all(network in modules for network in networks)
    }
    attributes = tuple(config.attributes)
    system = Ebgan(
        settings=config.losses,
        modules=modules,
        attributes=attributes,
        free_channels=config.free_channels if attributes else 0,
        size=config.data.size,
        code_shape=code_shape(config),
        colour_jitter=config.exemplar_colour_jitter,
        seed=config.seed,
        update=partial(update, optimisers, config.accumulation_steps),
        ema_decay=config.ema_decay,
    )
    return Task(
        inputs=("image_t", "region", *(("mask_t", "attributes") if attributes else ())),
        networks=describe_networks(config, modules),
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(system),
        annotated=("attributes",) if attributes else (),
    )
