"""What the Dense Mapping Network's two stages share: their networks, the generator's and the discriminator's loss."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax import losses
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import FeatureMaps, MultiScaleDiscriminator
from maskgan_jax.networks.vgg19 import VGG19
from maskgan_jax.tasks.interleaving import deinterleave, interleave
from maskgan_jax.tasks.task import Scalars, Start


class Networks(NamedTuple):
    """The modules of `config.networks` that both stages train or look through."""

    generator: DenseMappingNetwork
    discriminator: MultiScaleDiscriminator
    vgg19: VGG19


class RealFeatures(NamedTuple):
    """What the discriminator and VGG19 see in the photos; VGG19's list is empty where the perceptual term is off."""

    discriminator: FeatureMaps
    vgg19: list[Array]


def networks_of(config) -> Networks:
    """The modules at `config.dtype` as training has them: the generator as `config.remat` says."""
    return Networks(generator_of(config).clone(remat=config.remat), discriminator_of(config), vgg19_of(config))


def generator_of(config) -> DenseMappingNetwork:
    """The Dense Mapping Network of `config.networks.generator`."""
    return DenseMappingNetwork(dtype=jnp.dtype(config.dtype), **config.networks.generator)


def discriminator_of(config) -> MultiScaleDiscriminator:
    """The discriminator of `config.networks.discriminator`."""
    return MultiScaleDiscriminator(dtype=jnp.dtype(config.dtype), **config.networks.discriminator)


def vgg19_of(config) -> VGG19:
    """VGG19, its input as `config.losses.imagenet_normalisation` says."""
    return VGG19(config.losses.imagenet_normalisation, jnp.dtype(config.dtype))


def init_params(networks: Networks, rng: Array, size: int) -> dict[str, PyTree]:
    """Random parameters of generator and discriminator, by network."""
    generator_rng, discriminator_rng = jax.random.split(rng)
    mask = jnp.zeros((1, size, size, NUM_CLASSES))
    image = jnp.zeros((1, size, size, 3))
    return {
        "generator": networks.generator.init(generator_rng, mask, mask, image)["params"],
        "discriminator": networks.discriminator.init(discriminator_rng, mask, image)["params"],
    }


def vgg19_start(networks: Networks, rng: Array) -> Start:
    """Random parameters of VGG19, in place of the file's."""
    return {"params": {"vgg19": networks.vgg19.init(rng, jnp.zeros((1, 32, 32, 3)))["params"]}}


def real_features(
    config, networks: Networks, params: PyTree, mask_t: Float[Array, "b h w k"], image_t: Float[Array, "b h w 3"]
) -> RealFeatures:
    """The targets of feature matching and of the perceptual loss; without gradient, the same for every update."""
    discriminator = networks.discriminator.apply({"params": params["discriminator"]}, mask_t, image_t)
    vgg19 = []
    if config.losses.lambda_percept:
        vgg19 = networks.vgg19.apply({"params": params["vgg19"]}, image_t)
    return jax.lax.stop_gradient(RealFeatures(discriminator, vgg19))


def generator_loss(
    config,
    networks: Networks,
    params: PyTree,
    mask_t: Float[Array, "b h w k"],
    image_t: Float[Array, "b h w 3"],
    fake: Float[Array, "b h w 3"],
    real: RealFeatures,
) -> tuple[Float[Array, ""], Scalars]:
    """Eq. 6: adversarial + lambda_feat * feature matching + lambda_percept * perceptual, and lambda_pixel * pixel.

    `params` holds the discriminator and, where the perceptual term is on, VGG19; the gradient is for `fake`.

    Returns:
      The loss and its unweighted terms.
    """
    maps = networks.discriminator.apply({"params": params["discriminator"]}, mask_t, fake)
    terms = {
        "adversarial": losses.adversarial(maps, True, config.losses.adversarial),
        "feature_matching": losses.feature_matching(maps, real.discriminator),
    }
    total = terms["adversarial"] + config.losses.lambda_feat * terms["feature_matching"]
    if config.losses.lambda_percept:
        features = networks.vgg19.apply({"params": params["vgg19"]}, fake)
        terms["perceptual"] = losses.perceptual(features, real.vgg19)
        total += config.losses.lambda_percept * terms["perceptual"]
    if config.losses.lambda_pixel:
        terms["pixel"] = losses.mean_absolute_error(fake, image_t)
        total += config.losses.lambda_pixel * terms["pixel"]
    return total, terms


def discriminator_loss(
    config,
    networks: Networks,
    discriminator_params: PyTree,
    mask_t: Float[Array, "b h w k"],
    image_t: Float[Array, "b h w 3"],
    *fakes: Float[Array, "b h w 3"],
) -> Float[Array, ""]:
    """Half of the real photos' loss plus half of the mean over the kinds of fakes; real and fakes go as one batch."""
    kinds = 1 + len(fakes)
    images = interleave(image_t, *jax.lax.stop_gradient(fakes))
    masks = interleave(*[mask_t] * kinds)
    maps = networks.discriminator.apply({"params": discriminator_params}, masks, images)
    logits = [deinterleave(scale[-1], kinds) for scale in maps]
    real, *fake = ([[scale[kind]] for scale in logits] for kind in range(kinds))
    form = config.losses.adversarial
    real_loss = losses.adversarial(real, True, form)
    fake_loss = sum(losses.adversarial(maps, False, form) for maps in fake) / len(fakes)
    return 0.5 * (real_loss + fake_loss)


def prefixed(prefix: str, scalars: Scalars) -> Scalars:
    """The same scalars, their names under `prefix/`."""
    return {f"{prefix}/{name}": value for name, value in scalars.items()}
