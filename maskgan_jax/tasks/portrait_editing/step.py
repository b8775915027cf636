"""The training step: faces with their own parts against their photos, and faces with another's parts."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from maskgan_jax import losses
from maskgan_jax.networks.discriminator import FeatureMaps
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.portrait_editing import objectives
from maskgan_jax.tasks.portrait_editing.faces import (
    Source,
    Target,
    mirror,
    read_layout,
    read_source,
    read_target,
)
from maskgan_jax.tasks.portrait_editing.forward import (
    ByPart,
    decode,
    decode_images,
    discriminate,
    encode,
    generate,
)
from maskgan_jax.tasks.portrait_editing.labels import PARTS
from maskgan_jax.tasks.portrait_editing.system import PARSERS, PortraitEditing
from maskgan_jax.tasks.rows import next_rows
from maskgan_jax.tasks.statistics import LossAndMore, Statistics, update_with_statistics, with_statistics
from maskgan_jax.tasks.task import Batch, Metrics, TrainState, Variables
from maskgan_jax.tasks.update import finish_step

GENERATOR = "generator"
"""The optimiser of all networks that a face is made with."""


def step(system: PortraitEditing, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the generator's networks on paired, then on unpaired faces, after each the discriminator of its faces.

    The paper's steps are either paired or unpaired, in turn. Here both updates of a batch belong to one step, which
    then has all losses to report. The unpaired loss is computed with the networks that the paired updates left; or, as
    in the published code, one update follows the sum of both losses.
    """
    batch = read(system, state, batch)
    if system.sequential:
        paired = update_with_statistics(system.update, state, GENERATOR, partial(paired_loss, system, state), batch)
        reported = gan.reported("paired", paired.means, paired)
        state, metrics = _update_discriminator(system, paired.state, "discriminator", paired.rows, batch)
        unpaired = update_with_statistics(system.update, state, GENERATOR, partial(unpaired_loss, system, state), batch)
        reported |= gan.reported("unpaired", unpaired.means, unpaired)
        state, fakes = unpaired.state, unpaired.rows
    else:
        both = update_with_statistics(system.update, state, GENERATOR, partial(joint_loss, system, state), batch)
        (paired_terms, unpaired_terms), (paired_fakes, fakes) = both.means, both.rows
        reported = gan.reported("paired", paired_terms, both) | gan.reported("unpaired", unpaired_terms, both)
        state, metrics = _update_discriminator(system, both.state, "discriminator", paired_fakes, batch)
    reported |= metrics
    state, metrics = _update_discriminator(system, state, system.unpaired_discriminator, fakes, batch, "_unpaired")
    return finish_step(state, system.ema_decay), reported | metrics


def read(system: PortraitEditing, state: TrainState, batch: Batch) -> dict[str, Any]:
    """Return what is read of a batch once a step.

    `image` and `labels`; `source_image` and `source_labels`, the faces whose parts are encoded, some of them mirrored
    if the config says so; `source` and `target`; and `noise` of the codes if they are sampled.
    """
    rng = jax.random.fold_in(jax.random.key(system.seed), state.step)
    image, labels = to_image(batch["image_t"]), batch["mask_t"]
    hidden = batch["region"] > 0 if system.holes else None
    source_image, source_labels = image, labels
    if system.mirrored_sources:
        chosen = jax.random.bernoulli(jax.random.fold_in(rng, 1), shape=(len(image),))
        source_image, source_labels = mirror(image, labels, chosen)
    entries = {
        "image": image,
        "labels": labels,
        "source_image": source_image,
        "source_labels": source_labels,
        "source": read_source(source_image, read_layout(source_labels, system.enlarged)),
        "target": read_target(image, read_layout(labels, system.enlarged), hidden),
    }
    if system.settings.lambda_kl:
        entries["noise"] = jax.random.normal(rng, (len(image), len(PARTS), system.code_size))
    return entries


def paired_loss(
    system: PortraitEditing, before: TrainState, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute the loss of faces with their own parts. `before` holds the discriminators, parser and VGG19."""
    variables = with_statistics(params, batch_stats)
    features, total, terms, statistics = _encode_and_decode(system, variables, batch)
    image, after = generate(system, variables, features, batch["target"], train=True)
    loss, paired_terms = _paired_terms(system, before, image, batch)
    return total + loss, ((terms | paired_terms, statistics | after), image)


def unpaired_loss(
    system: PortraitEditing, before: TrainState, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute the loss of faces with the parts of the next row's face; arguments as for `paired_loss`."""
    variables = with_statistics(params, batch_stats)
    features, total, terms, statistics = _encode_and_decode(system, variables, batch)
    image, after = generate(system, variables, next_rows(features), batch["target"], train=True)
    loss, unpaired_terms = _unpaired_terms(system, before, image, batch)
    return total + loss, ((terms | unpaired_terms, statistics | after), image)


def joint_loss(
    system: PortraitEditing, before: TrainState, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute the sum of both losses in one encoding of the parts; arguments as for `paired_loss`."""
    variables = with_statistics(params, batch_stats)
    features, total, terms, statistics = _encode_and_decode(system, variables, batch)
    paired, after = generate(system, variables, features, batch["target"], train=True)
    variables = with_statistics(params, batch_stats | after)
    unpaired, after = generate(system, variables, next_rows(features), batch["target"], train=True)
    paired_total, paired_terms = _paired_terms(system, before, paired, batch)
    unpaired_total, unpaired_terms = _unpaired_terms(system, before, unpaired, batch)
    means = ((terms | paired_terms, unpaired_terms), statistics | after)
    return total + paired_total + unpaired_total, (means, (paired, unpaired))


def _encode_and_decode(
    system: PortraitEditing, variables: Mapping[str, Variables], batch: Batch
) -> tuple[ByPart, Float[Array, ""], Metrics, Statistics]:
    """Return the features of every row's own parts, and the terms of the loss that need no face."""
    source: Source = batch["source"]
    codes, log_variances, encoders = encode(system, variables, source, train=True)
    terms, total = {}, jnp.zeros(())
    if system.settings.lambda_kl:
        terms["kl"] = objectives.kl_loss(codes, log_variances)
        total += system.settings.lambda_kl * terms["kl"]
        codes = {
            part: codes[part] + jnp.exp(0.5 * log_variances[part]) * batch["noise"][:, place]
            for place, part in enumerate(PARTS)
        }
    images, image_decoders = decode_images(system, variables, codes, train=True)
    terms["local"] = objectives.local_loss(source, images)
    total += system.settings.lambda_local * terms["local"]
    features, decoders = decode(system, variables, codes, train=True)
    return features, total, terms, encoders | image_decoders | decoders


def _paired_terms(
    system: PortraitEditing, before: TrainState, image: Float[Array, "b h w 3"], batch: Batch
) -> tuple[Float[Array, ""], Metrics]:
    """Compute the terms of reconstructions: all of them."""
    settings, labels, truth = system.settings, batch["target"].layout.labels, batch["image"]
    total, terms, fake = _adversarial_terms(system, before, "discriminator", image, batch)
    discriminator = {"discriminator": before.variables("discriminator")}
    real, _ = discriminate(system, discriminator, "discriminator", labels, truth)
    global_loss = objectives.global_loss_by_part if settings.global_by_part else objectives.global_loss
    terms["global"] = global_loss(image, truth, labels)
    terms["feature_matching"] = losses.last_feature_matching(fake, real)
    total += settings.lambda_global * terms["global"] + settings.lambda_feat * terms["feature_matching"]
    if settings.lambda_percept:
        vgg19 = partial(system.modules["vgg19"].apply, before.variables("vgg19"))
        terms["perceptual"] = objectives.perceptual_loss(vgg19(image), vgg19(truth), labels)
        total += settings.lambda_percept * terms["perceptual"]
    return total, terms


def _unpaired_terms(
    system: PortraitEditing, before: TrainState, image: Float[Array, "b h w 3"], batch: Batch
) -> tuple[Float[Array, ""], Metrics]:
    """Compute the terms of faces with another's parts, for which there is no photo."""
    total, terms, _ = _adversarial_terms(system, before, system.unpaired_discriminator, image, batch)
    if system.settings.lambda_colour:
        sources = next_rows({name: batch[name] for name in ("source_image", "source_labels")})
        terms["colour"] = objectives.colour_loss(image, batch["labels"], *sources.values())
        total += system.settings.lambda_colour * terms["colour"]
    return total, terms


def _adversarial_terms(
    system: PortraitEditing, before: TrainState, name: str, image: Float[Array, "b h w 3"], batch: Batch
) -> tuple[Float[Array, ""], Metrics, FeatureMaps]:
    """Compute the terms that need no photo, adversarial and parsing loss; also the discriminator's maps."""
    target: Target = batch["target"]
    discriminator = {name: before.variables(name)}
    maps, _ = discriminate(system, discriminator, name, target.layout.labels, image)
    terms = {"adversarial": losses.adversarial(maps, True, system.settings.adversarial)}
    total = terms["adversarial"]
    if system.settings.lambda_parsing:
        logits = system.modules[system.parser].apply(before.variables(system.parser), image)
        terms["parsing"] = objectives.parsing_loss(logits, batch["labels"], PARSERS[system.parser].labels)
        total += system.settings.lambda_parsing * terms["parsing"]
    return total, terms, maps


def discriminator_loss(
    system: PortraitEditing, name: str, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute half of the sum of the losses of photos and of the faces in the batch entry `fakes`."""
    labels, form = batch["target"].layout.labels, system.settings.adversarial
    real, after = discriminate(system, with_statistics(params, batch_stats), name, labels, batch["image"])
    variables = with_statistics(params, {name: after} if after else {})
    fake, after = discriminate(system, variables, name, labels, jax.lax.stop_gradient(batch["fakes"]))
    loss = 0.5 * (losses.adversarial(real, True, form) + losses.adversarial(fake, False, form))
    return loss, (({"loss": loss}, {name: after} if after else {}), ())


def _update_discriminator(
    system: PortraitEditing, state: TrainState, name: str, fakes: Array, batch: Batch, suffix: str = ""
) -> tuple[TrainState, Metrics]:
    loss = partial(discriminator_loss, system, name)
    updated = update_with_statistics(system.update, state, name, loss, {**batch, "fakes": fakes})
    return updated.state, gan.reported(f"discriminator{suffix}", updated.means, updated)
