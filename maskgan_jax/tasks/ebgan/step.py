"""The training step: each photo's region filled as it was, and as the next row's photo shows it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from maskgan_jax import losses
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.ebgan import objectives
from maskgan_jax.tasks.ebgan.attributes import covers, read_attributes
from maskgan_jax.tasks.ebgan.augmentation import jitter_colours
from maskgan_jax.tasks.ebgan.forward import gate, gates, paste
from maskgan_jax.tasks.ebgan.system import CLASSIFIER, DISCRIMINATOR, ENCODER, GENERATOR, Ebgan
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.rows import deinterleave, interleave, next_rows
from maskgan_jax.tasks.statistics import LossAndMore, Statistics, apply, update_with_statistics, with_statistics
from maskgan_jax.tasks.task import Batch, Metrics, TrainState
from maskgan_jax.tasks.update import finish_step

OPTIMISERS: Mapping[str, tuple[str, ...]] = {
    "generator": (ENCODER, GENERATOR),
    "discriminator": (DISCRIMINATOR,),
    "classifier": (CLASSIFIER,),
}
"""Names of the networks that each updates."""


def step(system: Ebgan, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update encoder and generator, then the discriminator on the images from before that update, and the classifier.

    Every gradient is that at the step's first parameters: the order makes no difference.
    """
    batch = read(system, batch)
    if system.colour_jitter:
        rng = jax.random.fold_in(jax.random.key(system.seed), state.step)
        batch["seen"] = jitter_colours(rng, batch["image"], system.colour_jitter)
    loss = partial(generator_loss, system, state)
    generator = update_with_statistics(system.update, state, "generator", loss, batch)
    reported = gan.reported("generator", generator.means, generator)
    loss = partial(discriminator_loss, system)
    with_fakes = {**batch, "fakes": generator.rows}
    discriminator = update_with_statistics(system.update, generator.state, "discriminator", loss, with_fakes)
    reported |= gan.reported("discriminator", discriminator.means, discriminator)
    state = discriminator.state
    if system.attributes:
        classifier = system.update(state, "classifier", partial(classifier_loss, system), batch)
        reported |= gan.reported("classifier", classifier.means, classifier)
        state = classifier.state
    return finish_step(state, system.ema_decay), reported


def read(system: Ebgan, batch: Batch) -> dict[str, Any]:
    """Return what is read of a batch.

    `image`, A; `seen`, what A's own code is read from, here A too; `region`, 1 where A is hidden; `exemplar`, B, the
    next row's photo. With attributes also those of A, `attributes`; the gates of both codes, `own_gates` and
    `exemplar_gates`; and `wanted`, the exemplar's attributes where the region covers them, else A's.
    """
    image = to_image(batch["image_t"])
    entries = {
        "image": image,
        "seen": image,
        "region": batch["region"][..., None].astype(image.dtype),
        "exemplar": next_rows(image),
    }
    if system.attributes:
        attributes = read_attributes(batch["attributes"], system.attributes)
        covered = covers(batch["region"] > 0, batch["mask_t"], system.attributes)
        others = next_rows(attributes)
        entries |= {
            "attributes": attributes,
            "own_gates": gates(attributes, covered),
            "exemplar_gates": gates(others, covered),
            "wanted": jnp.where(covered, others, attributes),
        }
    return entries


def generator_loss(
    system: Ebgan, before: TrainState, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute the loss of encoder and generator (paper, Eq. 6). `before` holds discriminator and classifier."""
    settings, variables = system.settings, with_statistics(params, batch_stats)
    image, region = batch["image"], batch["region"]
    encoder, generator = system.modules[ENCODER], system.modules[GENERATOR]
    both = interleave(batch["seen"], batch["exemplar"]), interleave(region, region)
    codes, encoded = apply(encoder, variables[ENCODER], *both, train=True)
    if system.attributes:
        codes = gate(system, codes, interleave(batch["own_gates"], batch["exemplar_gates"]))
    images, generated = apply(generator, variables[GENERATOR], image, region, codes, train=True)
    reconstruction, filled = deinterleave(images, 2)
    edited = paste(image, region, filled)

    logits = system.modules[DISCRIMINATOR].apply(before.variables(DISCRIMINATOR), edited)
    terms = {
        "reconstruction": objectives.reconstruction_loss(reconstruction, image, region, settings.by_region),
        "adversarial": losses.adversarial([[logits]], True, "log"),
    }
    total = settings.lambda_rec * terms["reconstruction"] + terms["adversarial"]
    if settings.lambda_cyc:
        frozen = jax.lax.stop_gradient(variables[ENCODER])
        again, _ = apply(encoder, frozen, filled, region, train=True)
        wanted = jax.lax.stop_gradient(deinterleave(codes, 2)[1])
        terms["cycle"] = losses.mean_absolute_error(gate(system, again, batch.get("exemplar_gates")), wanted)
        total += settings.lambda_cyc * terms["cycle"]
    if system.attributes:
        logits = system.modules[CLASSIFIER].apply(before.variables(CLASSIFIER), edited)
        terms["attributes"] = losses.attribute_cross_entropy(logits, batch["wanted"])
        total += settings.lambda_cls * terms["attributes"]
    moved = {name: after for name, after in ((ENCODER, encoded), (GENERATOR, generated)) if after}
    return total, ((terms, moved), edited)


def discriminator_loss(system: Ebgan, batch_stats: Statistics, params: PyTree, batch: Batch) -> LossAndMore:
    """Compute the loss of photos and of the edited ones in the batch entry `fakes` (paper, Eq. 5)."""
    variables, image = with_statistics(params, batch_stats)[DISCRIMINATOR], batch["image"]
    module = system.modules[DISCRIMINATOR]
    both = interleave(image, jax.lax.stop_gradient(batch["fakes"]))
    logits, moved = apply(module, variables, both, train=True)
    real, fake = deinterleave(logits, 2)
    loss = losses.adversarial([[real]], True, "log") + losses.adversarial([[fake]], False, "log")
    terms = {"loss": loss}
    if system.settings.lambda_r1:
        terms["gradient_penalty"] = objectives.gradient_penalty(partial(module.apply, variables), image)
        loss += system.settings.lambda_r1 * terms["gradient_penalty"]
    return loss, ((terms, {DISCRIMINATOR: moved} if moved else {}), ())


def classifier_loss(system: Ebgan, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Metrics, tuple[()]]]:
    """Compute the cross-entropy of the known attributes of photos (paper, Eq. 3)."""
    logits = system.modules[CLASSIFIER].apply({"params": params[CLASSIFIER]}, batch["image"])
    loss = losses.attribute_cross_entropy(logits, batch["attributes"])
    return loss, ({"loss": loss}, ())
