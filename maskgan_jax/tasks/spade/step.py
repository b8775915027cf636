"""The training step: each photo generated from its own mask and a code that is sampled around its own style.

As in the published code, every forward of a network in training moves its running statistics: singular vectors and
batch norm's, twice a step.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from maskgan_jax import losses
from maskgan_jax.networks.discriminator import FeatureMaps
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.microbatches import with_entries
from maskgan_jax.tasks.pixels import one_hot, to_image
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.spade.system import DISCRIMINATOR, ENCODER, GENERATOR, VGG, Spade
from maskgan_jax.tasks.statistics import LossAndMore, Statistics, apply, update_with_statistics, with_statistics
from maskgan_jax.tasks.task import Batch, Metrics, TrainState, Variables
from maskgan_jax.tasks.update import finish_step


class Drawn(NamedTuple):
    """Images that were generated in training.

    Attributes:
      image: in [-1, 1].
      mean: of their codes.
      log_variance: of their codes.
      statistics: of encoder and generator, after this batch.
    """

    image: Float[Array, "b h w 3"]
    mean: Float[Array, "b z"]
    log_variance: Float[Array, "b z"]
    statistics: Statistics


def step(system: Spade, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update encoder and generator, then the discriminator on images that they generate anew."""
    rng = jax.random.fold_in(jax.random.key(system.seed), state.step)
    noise = jax.random.normal(rng, (2, len(batch["mask_t"]), system.code_size))
    batch = {**batch, "noise": noise[0], "noise_2": noise[1]}
    batch = with_entries(partial(real_features, system, state), batch, system.microbatches)
    loss = partial(generator_loss, system, state)
    generator = update_with_statistics(system.update, state, "generator", loss, batch)
    loss = partial(discriminator_loss, system, generator.state.params)
    discriminator = update_with_statistics(system.update, generator.state, "discriminator", loss, batch)
    return finish_step(discriminator.state), {
        **gan.reported("generator", generator.means, generator),
        **gan.reported("discriminator", discriminator.means, discriminator),
    }


def real_features(system: Spade, state: TrainState, batch: Batch) -> dict[str, gan.RealFeatures]:
    """Return the targets of the feature matching and the perceptual loss, without gradient, as batch entry `real`."""
    image = to_image(batch["image_t"])
    maps, _ = _discriminate(system, state.variables(DISCRIMINATOR), batch, image)
    vgg19 = system.modules[VGG].apply(state.variables(VGG), image) if system.settings.lambda_percept else []
    return {"real": jax.lax.stop_gradient(gan.RealFeatures(maps, vgg19))}


def generator_loss(
    system: Spade, before: TrainState, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute hinge + lambda_feat * features + lambda_percept * VGG19 + lambda_kl * KL + lambda_pixel * pixel.

    Args:
      system: modules and settings.
      before: holds discriminator and VGG19.
      batch_stats: running statistics by network.
      params: of encoder and generator, by network.
      batch: with `real_features` under `real`, and `noise` of the codes.
    """
    settings, real = system.settings, batch["real"]
    drawn = draw(system, with_statistics(params, batch_stats), batch, batch["noise"])
    maps, moved = _discriminate(system, before.variables(DISCRIMINATOR), batch, drawn.image)
    terms = {
        "adversarial": losses.generator_hinge(maps),
        "feature_matching": losses.feature_matching(maps, real.discriminator),
        "kl": losses.kl_divergence(drawn.mean, drawn.log_variance),
    }
    total = terms["adversarial"] + settings.lambda_feat * terms["feature_matching"] + settings.lambda_kl * terms["kl"]
    if settings.lambda_percept:
        features = system.modules[VGG].apply(before.variables(VGG), drawn.image)
        terms["perceptual"] = losses.perceptual(features, real.vgg19)
        total += settings.lambda_percept * terms["perceptual"]
    if settings.lambda_pixel:
        terms["pixel"] = losses.mean_absolute_error(drawn.image, to_image(batch["image_t"]))
        total += settings.lambda_pixel * terms["pixel"]
    return total, ((terms, {**drawn.statistics, DISCRIMINATOR: moved}), ())


def discriminator_loss(
    system: Spade, frozen: PyTree, batch_stats: Statistics, params: PyTree, batch: Batch
) -> LossAndMore:
    """Compute the hinge loss of photos plus that of images generated from them, all in one pass of D.

    Args:
      system: modules and settings.
      frozen: parameters of encoder and generator, by network.
      batch_stats: running statistics by network.
      params: of the discriminator, under its name.
      batch: with `noise_2` of the codes.
    """
    own = with_statistics({name: frozen[name] for name in (ENCODER, GENERATOR)}, batch_stats)
    drawn = draw(system, own, batch, batch["noise_2"])
    images = interleave(to_image(batch["image_t"]), jax.lax.stop_gradient(drawn.image))
    variables = with_statistics(params, batch_stats)[DISCRIMINATOR]
    both = {"mask_t": interleave(batch["mask_t"], batch["mask_t"])}
    maps, moved = _discriminate(system, variables, both, images)
    logits = [deinterleave(scale[-1], 2) for scale in maps]
    real, fake = ([[scale[kind]] for scale in logits] for kind in range(2))
    loss = losses.discriminator_hinge(real, True) + losses.discriminator_hinge(fake, False)
    return loss, (({"loss": loss}, {**drawn.statistics, DISCRIMINATOR: moved}), ())


def draw(system: Spade, variables: Mapping[str, Variables], batch: Batch, noise: Float[Array, "b z"]) -> Drawn:
    """Generate each photo from its mask and a code sampled with standard-normal noise, in training."""
    (mean, log_variance), encoded = apply(
        system.modules[ENCODER], variables[ENCODER], to_image(batch["image_t"]), train=True
    )
    code = mean + jnp.exp(0.5 * log_variance) * noise
    image, generated = apply(system.modules[GENERATOR], variables[GENERATOR], batch["mask_t"], code, train=True)
    return Drawn(image, mean, log_variance, {ENCODER: encoded, GENERATOR: generated})


def _discriminate(
    system: Spade, variables: Variables, batch: Batch, image: Float[Array, "b h w 3"]
) -> tuple[FeatureMaps, Any]:
    """Return the discriminator's maps, and its running statistics after the batch."""
    return apply(system.modules[DISCRIMINATOR], variables, one_hot(batch["mask_t"]), image, train=True)
