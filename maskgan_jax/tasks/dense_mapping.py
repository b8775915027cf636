"""Stage 2: the Dense Mapping Network alone, each photo generated from its own mask and style (paper, Sec. 3.2)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from maskgan_jax.tasks import gan
from maskgan_jax.tasks.microbatches import with_entries
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import psnr, to_image
from maskgan_jax.tasks.task import Batch, Metrics, Optimiser, Pretrained, Task, TrainState
from maskgan_jax.tasks.update import finish_step, update


class DenseMapping(NamedTuple):
    """What a config makes of this task.

    Attributes:
      gan: the modules and loss settings.
      update: `update` with the task's optimisers.
      microbatches: parts that a batch is computed in.
      ema_decay: of the generator's EMA.
    """

    gan: gan.Gan
    update: Callable
    microbatches: int
    ema_decay: float


def make(config) -> Task:
    """Build the task from `config.networks`, `.losses`, `.optimiser`, `.init`, `.remat`, `.accumulation_steps` and
    `.ema_decay`.
    """
    modules = gan.make_gan(config)
    optimisers = {name: Optimiser(adam(config), (name,)) for name in ("generator", "discriminator")}
    microbatches = config.accumulation_steps
    system = DenseMapping(modules, partial(update, optimisers, microbatches), microbatches, config.ema_decay)
    return Task(
        inputs=("image_t", "mask_t"),
        networks=gan.gan_networks(config, modules),
        pretrained=_pretrained(config),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=gan.generator_inference(config, modules.generator),
    )


def _pretrained(config) -> tuple[Pretrained, ...]:
    """Generator and discriminator as `config.init` says."""
    remedy = "Begin with random networks: --config.init.dense_mapping="
    generator = (Pretrained("dense_mapping", ("generator",), remedy),) if config.init.dense_mapping else ()
    begun = config.init.dense_mapping or config.init.discriminator
    discriminator = gan.pretrained_discriminator(config) if begun else ()
    return (*generator, *discriminator, *gan.pretrained_vgg19(config))


def step(system: DenseMapping, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the generator, then the discriminator on the images generated before that update."""
    batch = with_entries(partial(gan.real_features, system.gan, state.params), batch, system.microbatches)
    loss = partial(generator_loss, system, state.params)
    generator = system.update(state, "generator", loss, batch)
    loss = partial(gan.discriminator_loss, system.gan)
    discriminator = system.update(generator.state, "discriminator", loss, {**batch, "fakes": (generator.rows,)})
    return finish_step(discriminator.state, system.ema_decay), {
        **gan.reported("generator", generator.means, generator),
        **gan.reported("discriminator", discriminator.means, discriminator),
    }


def generator_loss(
    system: DenseMapping, frozen: PyTree, params: PyTree, batch: Batch
) -> tuple[Float[Array, ""], tuple[Metrics, Float[Array, "b h w 3"]]]:
    """Compute the loss of G(M^t, M^t, I^t) against I^t; `frozen` holds discriminator and VGG19."""
    mask_t = batch["mask_t"]
    variables = {"params": params["generator"]}
    fake = system.gan.generator.apply(variables, mask_t, mask_t, to_image(batch["image_t"]))
    total, terms = gan.generator_loss(system.gan, frozen, batch, fake)
    return total, (terms, fake)


def evaluate(system: DenseMapping, state: TrainState, batch: Batch) -> Metrics:
    """Sum PSNR and absolute error of the reconstructions."""
    image_t, mask_t = to_image(batch["image_t"]), batch["mask_t"]
    reconstruction = system.gan.generator.apply(state.inference_variables("generator"), mask_t, mask_t, image_t)
    return sum_errors(reconstruction, image_t, batch["weight"])


def sum_errors(
    reconstruction: Float[Array, "b h w 3"], image_t: Float[Array, "b h w 3"], weight: Float[Array, " b"]
) -> Metrics:
    """Sum PSNR and absolute error of images, and count them, each with its weight."""
    return {
        "examples": weight.sum(),
        "psnr": (weight * psnr(reconstruction, image_t)).sum(),
        "l1": (weight * jnp.abs(reconstruction - image_t).mean((1, 2, 3))).sum(),
    }


def finalize_metrics(sums: Mapping[str, np.ndarray | np.generic]) -> dict[str, float]:
    """Divide sums over examples by their number: PSNR in dB, absolute error in [0, 2]."""
    return {name: float(total / sums["examples"]) for name, total in sums.items() if name != "examples"}


def visualize(system: DenseMapping, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, its mask, its reconstruction, and its mask in the style of the next example."""
    image_t, mask_t = to_image(batch["image_t"]), batch["mask_t"]
    generator, variables = system.gan.generator, state.inference_variables("generator")
    style = generator.apply(variables, image_t, mask_t, method="encode_style")
    return {
        "I^t": image_t,
        "M^t": batch["mask_t"],
        "G(M^t, M^t, I^t)": generator.apply(variables, mask_t, style, method="generate"),
        "next row's style": generator.apply(variables, mask_t, jnp.roll(style, -1, axis=0), method="generate"),
    }
