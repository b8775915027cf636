"""The training step: photos reconstructed, and with an attribute exchanged between two that differ in it.

The published code takes one attribute after the other, each with an update of its own; here the rows of a batch are
pairs of all attributes in turn, so that a step is one update of all: its losses are the means over the attributes.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from maskgan_jax import losses
from maskgan_jax.tasks import gan
from maskgan_jax.tasks.elegant.forward import decode, encode, exchange
from maskgan_jax.tasks.elegant.system import DECODER, DISCRIMINATORS, ENCODER, Elegant
from maskgan_jax.tasks.microbatches import with_entries
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.statistics import with_statistics
from maskgan_jax.tasks.task import Batch, Metrics, TrainState, Variables
from maskgan_jax.tasks.update import finish_step

OPTIMISERS: Mapping[str, tuple[str, ...]] = {"generator": (ENCODER, DECODER), "discriminator": DISCRIMINATORS}
"""Names of the networks that each updates."""


def step(system: Elegant, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the discriminators, then encoder and decoder against them, both on images of the same forward pass.

    Both updates compute that pass from the same parameters, so that the compiler keeps one of the two.
    """
    batch = with_entries(partial(exchanged_images, system, state.params), read(system, batch), system.microbatches)
    discriminator = system.update(state, "discriminator", partial(discriminator_loss, system), batch)
    state = discriminator.state
    generator = system.update(state, "generator", partial(generator_loss, system, state.params), batch)
    return finish_step(generator.state, system.ema_decay), {
        **gan.reported("discriminator", discriminator.means, discriminator),
        **gan.reported("generator", generator.means, generator),
    }


def read(system: Elegant, batch: Batch) -> dict[str, Array]:
    """Return what is read of a batch of pairs (A, B), two entries along axis 1.

    `images` (b 2 h w 3) in [-1, 1]; their `labels` (b 2 n), 1 where a photo has an attribute, else 0; and `gates`
    (b n), 1 for the attribute that the pair exchanges, else 0.
    """
    columns = jnp.asarray(system.columns)
    images = jnp.stack([to_image(batch[name]) for name in ("image_t", "image_ref")], axis=1)
    attributes = jnp.stack([batch[name][:, columns] for name in ("attributes", "attributes_ref")], axis=1)
    gates = batch["differing_attribute"][:, None] == columns
    return {
        "images": images,
        "labels": (attributes > 0).astype(images.dtype),
        "gates": gates.astype(images.dtype),
    }


def generate(
    system: Elegant, variables: Mapping[str, Variables], batch: Mapping[str, Any]
) -> tuple[Float[Array, "_ h w 3"], Float[Array, "_ h w 3"]]:
    """Return A' and B', which their own encodings make of the photos, and C and D, with an attribute exchanged.

    Rows of a pair are next to each other.
    """
    images, gates = flat(batch["images"]), jnp.repeat(batch["gates"], 2, axis=0)
    maps = encode(system, variables, images)
    own = maps[-1]
    exchanged = exchange(own, flat(swap(paired(own))), gates)
    return tuple(deinterleave(decode(system, variables, images, maps, interleave(own, exchanged)), 2))


def exchanged_images(system: Elegant, params: PyTree, batch: Batch) -> dict[str, Array]:
    """Return C and D of each pair as the batch entry `fakes` (b 2 h w 3)."""
    _, exchanged = generate(system, with_statistics(params, {}), batch)
    return {"fakes": jax.lax.stop_gradient(paired(exchanged))}


def discriminator_loss(system: Elegant, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Metrics, tuple]]:
    """Compute the loss of photos with their labels, and of the batch entry `fakes` with the exchanged ones.

    That of a discriminator is the sum over A, B, C and D; a quarter of both is the whole (published code).
    """
    images = interleave(flat(batch["images"]), flat(batch["fakes"]))
    labels = interleave(flat(batch["labels"]), exchanged_labels(batch))
    terms = {}
    for place, name in enumerate(DISCRIMINATORS, start=1):
        logits = system.modules[name].apply({"params": params[name]}, images, labels)
        real, fake = deinterleave(logits, 2)
        two_means = losses.adversarial([[real]], True, "log"), losses.adversarial([[fake]], False, "log")
        terms[f"adversarial_{place}"] = 2 * sum(two_means)
    return _weighted(system, terms) / 4, (terms, ())


def generator_loss(
    system: Elegant, discriminators: PyTree, params: PyTree, batch: Batch
) -> tuple[Float[Array, ""], tuple[Metrics, tuple]]:
    """Compute the loss of encoder and decoder: terms are sums over both photos of a pair (published code).

    Args:
      system: of the config.
      discriminators: parameters, by network.
      params: of encoder and decoder.
      batch: as `read` returns it.
    """
    reconstructions, exchanged = generate(system, with_statistics(params, {}), batch)
    labels = exchanged_labels(batch)
    terms = {}
    for place, name in enumerate(DISCRIMINATORS, start=1):
        logits = system.modules[name].apply({"params": discriminators[name]}, exchanged, labels)
        terms[f"adversarial_{place}"] = 2 * losses.adversarial([[logits]], True, "log")
    reconstruction = 2 * losses.mean_squared_error(reconstructions, flat(batch["images"]))
    total = system.settings.lambda_rec * reconstruction + _weighted(system, terms)
    return total, ({"reconstruction": reconstruction, **terms}, ())


def _weighted(system: Elegant, terms: Metrics) -> Float[Array, ""]:
    return terms["adversarial_1"] + system.settings.lambda_half_size * terms["adversarial_2"]


def exchanged_labels(batch: Mapping[str, Any]) -> Float[Array, "_ n"]:
    """Return the labels of C and D: those of A and B, the exchanged attribute's being the other's."""
    labels, gates = batch["labels"], batch["gates"][:, None]
    return flat(labels * (1 - gates) + swap(labels) * gates)


def flat(pairs: Array) -> Array:
    """Make an array of pairs (b 2 ...) one of rows (2*b ...)."""
    return pairs.reshape(-1, *pairs.shape[2:])


def paired(rows: Array) -> Array:
    """Make an array of rows (2*b ...) one of pairs (b 2 ...)."""
    return rows.reshape(-1, 2, *rows.shape[1:])


def swap(pairs: Array) -> Array:
    """Return pairs (b 2 ...) in which each has the other's place."""
    return pairs[:, ::-1]
