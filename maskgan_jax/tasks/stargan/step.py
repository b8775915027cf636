"""The training step: several updates of the discriminator, each on its part of the batch, then one of the generator.

A step is what the code counts as five: a D step on each fifth of the batch, the last of which G shares.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from maskgan_jax import losses
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.rows import deinterleave, interleave, next_rows
from maskgan_jax.tasks.stargan.system import DISCRIMINATOR, GENERATOR, StarGan, to_labels
from maskgan_jax.tasks.task import Batch, Metrics, TrainState
from maskgan_jax.tasks.update import finish_step

Loss = tuple[Float[Array, ""], tuple[Metrics, tuple[()]]]


def step(system: StarGan, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the discriminator on each part of the batch, and the generator on the last part.

    The updates of D are traced once, but are no loop to XLA: its CPU back end computes loops with less than all cores,
    and it counts the operations of one iteration only.

    Returns:
      The next state, and the losses; the discriminator's are means over its updates.
    """

    @jax.jit
    def update_discriminator(state: TrainState, part: Batch) -> tuple[TrainState, Metrics]:
        updated = system.update(state, "discriminator", partial(discriminator_loss, system, state), part)
        return updated.state, gan.reported("discriminator", updated.means, updated)

    updates, reported = system.discriminator_steps, []
    split = {name: deinterleave(rows, updates) for name, rows in read(system, state, batch).items()}
    parts = [{name: rows[place] for name, rows in split.items()} for place in range(updates)]
    for part in parts:
        state, losses_of_part = update_discriminator(state, part)
        reported.append(losses_of_part)
    generator = system.update(state, "generator", partial(generator_loss, system, state), parts[-1])
    return finish_step(generator.state, system.ema_decay), {
        **gan.reported("generator", generator.means, generator),
        **jax.tree.map(lambda *values: sum(values) / updates, *reported),
    }


def read(system: StarGan, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return what is read of a batch.

    `image`; `known`, its attributes; `wanted`, those of the next row (the code permutes them at random, as the rows of
    a batch are already); `share` of the photo in the image at which the gradient penalty is taken, uniform.
    """
    rng = jax.random.fold_in(jax.random.key(system.seed), state.step)
    image, known = to_image(batch["image_t"]), system.known(batch)
    share = jax.random.uniform(rng, (image.shape[0], 1, 1, 1), image.dtype)
    return {"image": image, "known": known, "wanted": next_rows(known), "share": share}


def discriminator_loss(system: StarGan, before: TrainState, params: PyTree, batch: Batch) -> Loss:
    """Compute the critic's loss, the class loss of photos and the gradient penalty (paper, Eq. 5, 8). `before` holds G.

    Terms: `wasserstein` is what the critic values photos higher than edited ones.
    """
    settings, image = system.settings, batch["image"]
    discriminate = partial(system.discriminator.apply, {"params": params[DISCRIMINATOR]})
    fake = system.generator.apply(before.variables(GENERATOR), image, to_labels(batch["wanted"]))
    patches, logits = (deinterleave(each, 2) for each in discriminate(interleave(image, fake)))
    mixed = batch["share"] * image + (1 - batch["share"]) * fake
    terms = {
        "wasserstein": patches[0].mean() - patches[1].mean(),
        "attributes": losses.summed_attribute_cross_entropy(logits[0], batch["known"]),
        "gradient_penalty": losses.wasserstein_gradient_penalty(lambda image: discriminate(image)[0], mixed),
    }
    total = (
        settings.lambda_cls_real * terms["attributes"]
        + settings.lambda_gp * terms["gradient_penalty"]
        - terms["wasserstein"]
    )
    return total, (terms, ())


def generator_loss(system: StarGan, before: TrainState, params: PyTree, batch: Batch) -> Loss:
    """Compute the loss of edited photos and of the edit undone (paper, Eq. 6). `before` holds the discriminator.

    With `lambda_unchanged` also the absolute error of photos that are to keep all of their attributes (own).
    """
    settings, image = system.settings, batch["image"]
    generate = partial(system.generator.apply, {"params": params[GENERATOR]})
    edited = generate(image, to_labels(batch["wanted"]))
    patches, logits = system.discriminator.apply(before.variables(DISCRIMINATOR), edited)
    terms = {
        "adversarial": -patches.mean(),
        "attributes": losses.summed_attribute_cross_entropy(logits, batch["wanted"]),
        "reconstruction": losses.mean_absolute_error(generate(edited, to_labels(batch["known"])), image),
    }
    total = (
        terms["adversarial"] + settings.lambda_cls * terms["attributes"] + settings.lambda_rec * terms["reconstruction"]
    )
    if settings.lambda_unchanged:
        is_same = (batch["wanted"] == batch["known"]).all(1)
        terms["unchanged"] = (is_same * jnp.abs(edited - image).mean((1, 2, 3))).mean()
        total += settings.lambda_unchanged * terms["unchanged"]
    return total, (terms, ())
