"""Mask-guided portrait editing (Gu et al., CVPR 2019): faces of a label map, of the parts of photos, and a background.

"Paper" is arXiv 1905.10346, "published code" its authors' PyTorch code.
"""

from functools import partial

from data_pipeline.errors import UserError
from maskgan_jax.tasks import dense_mapping, gan
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.portrait_editing.evaluation import evaluate, visualize
from maskgan_jax.tasks.portrait_editing.inference import inference
from maskgan_jax.tasks.portrait_editing.step import GENERATOR, step
from maskgan_jax.tasks.portrait_editing.system import (
    PortraitEditing,
    describe_networks,
    discriminators,
    make_modules,
    part_networks,
)
from maskgan_jax.tasks.task import Optimiser, Pretrained, Task
from maskgan_jax.tasks.update import update

_UPDATES = ("sequential", "joint")


def make(config) -> Task:
    """Build the task from the fields of `configs/portrait_editing.py`.

    Raises:
      UserError: one of these has no such value, or a microbatch has one row, and no other to take parts from.
    """
    if config.updates not in _UPDATES:
        raise UserError(f"config.updates: {config.updates!r} is not one of {', '.join(_UPDATES)}")
    if config.batch_size < 2 * config.accumulation_steps:
        raise UserError(
            f"config.batch_size: {config.batch_size} examples in {config.accumulation_steps} microbatches; faces take "
            "parts from another row of theirs, so give at least 2 examples for each"
        )
    modules = make_modules(config)
    optimisers = _optimisers(config)
    system = PortraitEditing(
        settings=config.losses,
        modules=modules,
        size=config.data.size,
        code_size=config.parts.code_size,
        labels=config.labels,
        enlarged=config.enlarge_parts,
        holes=config.background_holes,
        mirrored_sources=config.mirrored_sources,
        unpaired_discriminator=discriminators(config)[-1],
        parser=config.parser if config.losses.lambda_parsing else "",
        seed=config.seed,
        sequential=config.updates == "sequential",
        update=partial(update, optimisers, config.accumulation_steps),
        ema_decay=config.ema_decay,
    )
    return Task(
        inputs=("image_t", "mask_t", *(["region"] if system.holes else [])),
        networks=describe_networks(config, modules),
        pretrained=(*_pretrained_parser(config), *gan.pretrained_vgg19(config)),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=dense_mapping.finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(system),
    )


def _optimisers(config) -> dict[str, Optimiser]:
    """Return one for all networks that a face is made with, and one for each discriminator."""
    parts = [name for kind in ("encoder", "decoder", "image_decoder") for name in part_networks(kind)]
    names = discriminators(config)
    return {
        GENERATOR: Optimiser(adam(config, 2 if config.updates == "sequential" else 1), (*parts, "portrait_generator")),
        **{name: Optimiser(adam(config, 2 // len(names)), (name,)) for name in names},
    }


def _pretrained_parser(config) -> tuple[Pretrained, ...]:
    """Return where the parser comes from, if there is a parsing loss."""
    if not config.losses.lambda_parsing:
        return ()
    variant = f":{config.variant}" if config.variant else ""
    train = f"Train it: python -m maskgan_jax.main --config=configs/face_parser.py{variant}"
    remedy = f"{train}; or train without the term: --config.losses.lambda_parsing=0"
    return (Pretrained(config.parser, (config.parser,), remedy),)
