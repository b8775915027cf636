"""What MaskGAN's adversarial tasks share: generator, discriminator and VGG19, their losses, and inference."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, UInt8

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax import losses
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.networks.discriminator import FeatureMaps, MultiScaleDiscriminator
from maskgan_jax.networks.vgg19 import VGG19
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.pixels import one_hot, to_image, to_pixels
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import Batch, InferenceFunction, Metrics, Network, Pretrained, Variables
from maskgan_jax.tasks.torchvision_weights import how_to_save
from maskgan_jax.tasks.update import Update

VGG19_REMEDY = (
    f"The perceptual loss needs torchvision's ImageNet weights: {how_to_save('vgg19')}; or train without the term: "
    "--config.losses.lambda_percept=0"
)


class Gan(NamedTuple):
    """The modules and the settings that the losses read.

    Attributes:
      settings: `config.losses`.
      generator: the Dense Mapping Network.
      discriminator: D_1,2.
      vgg19: the feature extractor of the perceptual loss.
    """

    settings: Any
    generator: DenseMappingNetwork
    discriminator: MultiScaleDiscriminator
    vgg19: VGG19


class RealFeatures(NamedTuple):
    """Features of the real photos: the discriminator's, and VGG19's where the perceptual loss is on, else none."""

    discriminator: FeatureMaps
    vgg19: list[Array]


def make_gan(config) -> Gan:
    """Build the modules from `config.networks`, `.losses`, `.dtype` and, for the generator, `.remat`."""
    dtype = computation_dtype(config.dtype)
    return Gan(
        config.losses,
        DenseMappingNetwork(dtype=dtype, remat=config.remat, **config.networks.generator),
        MultiScaleDiscriminator(dtype=dtype, **config.networks.discriminator),
        VGG19(config.losses.imagenet_normalisation, dtype),
    )


def gan_networks(config, gan: Gan) -> dict[str, Network]:
    """Return generator, discriminator and, where the perceptual loss is on, VGG19 as a task's networks."""
    size = config.data.size
    labels = jax.ShapeDtypeStruct((1, size, size), jnp.uint8)
    mask = jax.ShapeDtypeStruct((1, size, size, NUM_CLASSES), jnp.float32)
    image = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    entries = "maskgan_jax.interop.maskgan"
    networks = {
        "generator": Network(gan.generator, (labels, labels, image), config.ema_decay > 0, f"{entries}:generator"),
        "discriminator": Network(gan.discriminator, (mask, image), entry_names=f"{entries}:discriminator"),
    }
    if config.losses.lambda_percept:
        networks["vgg19"] = Network(gan.vgg19, (image,), entry_names="maskgan_jax.interop.torchvision:vgg19")
    return networks


def pretrained_vgg19(config) -> tuple[Pretrained, ...]:
    """Return where VGG19's weights come from, if the perceptual loss is on."""
    return (Pretrained("vgg19", ("vgg19",), VGG19_REMEDY),) if config.losses.lambda_percept else ()


def pretrained_discriminator(config) -> tuple[Pretrained, ...]:
    """Return where the discriminator comes from, unless `config.init.discriminator` is "new": a random one."""
    if config.init.discriminator == "new":
        return ()
    remedy = (
        "Name a run or an import in config.init.discriminator, or begin with a random one: "
        "--config.init.discriminator=new"
    )
    field = "discriminator" if config.init.discriminator else "dense_mapping"
    return (Pretrained(field, ("discriminator",), remedy),)


def real_features(gan: Gan, params: PyTree, batch: Batch) -> dict[str, RealFeatures]:
    """Return the targets of the feature matching and the perceptual loss, without gradient, as batch entry `real`."""
    image_t, mask_t = to_image(batch["image_t"]), one_hot(batch["mask_t"])
    discriminator = gan.discriminator.apply({"params": params["discriminator"]}, mask_t, image_t)
    vgg19 = gan.vgg19.apply({"params": params["vgg19"]}, image_t) if gan.settings.lambda_percept else []
    return {"real": jax.lax.stop_gradient(RealFeatures(discriminator, vgg19))}


def generator_loss(
    gan: Gan, params: PyTree, batch: Batch, fake: Float[Array, "b h w 3"]
) -> tuple[Float[Array, ""], Metrics]:
    """Compute Eq. 6: adversarial + lambda_feat * feature matching + lambda_percept * perceptual + lambda_pixel * pixel.

    Args:
      gan: modules and settings.
      params: of discriminator and VGG19, by network.
      batch: with `real_features` under `real`.
      fake: generated images in [-1, 1].

    Returns:
      The loss and its unweighted terms.
    """
    settings, real = gan.settings, batch["real"]
    maps = gan.discriminator.apply({"params": params["discriminator"]}, one_hot(batch["mask_t"]), fake)
    terms = {
        "adversarial": losses.adversarial(maps, True, settings.adversarial),
        "feature_matching": losses.feature_matching(maps, real.discriminator),
    }
    total = terms["adversarial"] + settings.lambda_feat * terms["feature_matching"]
    if settings.lambda_percept:
        terms["perceptual"] = losses.perceptual(gan.vgg19.apply({"params": params["vgg19"]}, fake), real.vgg19)
        total += settings.lambda_percept * terms["perceptual"]
    if settings.lambda_pixel:
        terms["pixel"] = losses.mean_absolute_error(fake, to_image(batch["image_t"]))
        total += settings.lambda_pixel * terms["pixel"]
    return total, terms


def discriminator_loss(gan: Gan, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Metrics, tuple]]:
    """Compute half of the real photos' loss plus half of the mean over the kinds of fakes, all in one pass of D.

    Args:
      gan: modules and settings.
      params: of the discriminator, under its name.
      batch: with generated images in [-1, 1] under `fakes`, a tuple.

    Returns:
      The loss, and as `update` wants it: the losses to report, and no rows.
    """
    fakes = jax.lax.stop_gradient(batch["fakes"])
    kinds = 1 + len(fakes)
    images = interleave(to_image(batch["image_t"]), *fakes)
    masks = interleave(*[one_hot(batch["mask_t"])] * kinds)
    maps = gan.discriminator.apply({"params": params["discriminator"]}, masks, images)
    logits = [deinterleave(scale[-1], kinds) for scale in maps]
    real, *fake = ([[scale[kind]] for scale in logits] for kind in range(kinds))
    form = gan.settings.adversarial
    real_loss = losses.adversarial(real, True, form)
    fake_loss = sum(losses.adversarial(maps, False, form) for maps in fake) / len(fakes)
    loss = 0.5 * (real_loss + fake_loss)
    return loss, ({"loss": loss}, ())


def reported(name: str, terms: Metrics, update: Update) -> Metrics:
    """Return the terms of a loss and the norm of its gradient, their names under `name/`."""
    return {f"{name}/{term}": value for term, value in {**terms, "gradient_norm": update.gradient_norm}.items()}


def generator_inference(config, generator: DenseMappingNetwork) -> dict[str, InferenceFunction]:
    """Return the generator's inference functions.

    `encode_style`: photos, uint8 (b s s 3), and their label maps, uint8 (b s s), to styles, float32 (b k).
    `generate`: label maps, uint8 (b s s), and styles, float32 (b k), to photos, uint8 (b s s 3).
    """
    size = config.data.size
    photo, mask = jax.ShapeDtypeStruct((size, size, 3), jnp.uint8), jax.ShapeDtypeStruct((size, size), jnp.uint8)
    style = jax.ShapeDtypeStruct((generator.style_size,), jnp.float32)
    return {
        "encode_style": InferenceFunction(partial(_encode_style, generator), ("generator",), (photo, mask)),
        "generate": InferenceFunction(partial(_generate, generator), ("generator",), (mask, style)),
    }


def _encode_style(
    generator: DenseMappingNetwork,
    variables: dict[str, Variables],
    photos: UInt8[Array, "b s s 3"],
    masks: UInt8[Array, "b s s"],
) -> Float[Array, "b k"]:
    return generator.apply(variables["generator"], to_image(photos), masks, method="encode_style")


def _generate(
    generator: DenseMappingNetwork,
    variables: dict[str, Variables],
    masks: UInt8[Array, "b s s"],
    styles: Float[Array, "b k"],
) -> UInt8[Array, "b s s 3"]:
    return to_pixels(generator.apply(variables["generator"], masks, styles, method="generate"))
