"""Trains the recolourer: the photo from its mask, its attributes and another photo's colours."""

from functools import partial

import jax
import jax.numpy as jnp

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax import losses
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import one_hot, psnr, to_image, to_pixels
from maskgan_jax.tasks.task import InferenceFunction, Network, Optimiser, Task
from maskgan_jax.tasks.update import finish_step, update
from tests.tiny_system.networks import Recolourer

ATTRIBUTES = 40


def make(config) -> Task:
    """Build the task from a config."""
    network = Recolourer(dtype=computation_dtype(config.dtype), **config.networks.recolourer)
    size = config.data.size
    optimisers = {"recolourer": Optimiser(adam(config), ("recolourer",))}
    return Task(
        inputs=("image_t", "mask_t", "image_ref", "attributes"),
        networks={
            "recolourer": Network(
                network,
                inputs=(
                    jax.ShapeDtypeStruct((1, size, size, NUM_CLASSES), jnp.float32),
                    jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32),
                    jax.ShapeDtypeStruct((1, ATTRIBUTES), jnp.float32),
                ),
                ema=config.ema_decay > 0,
            )
        },
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, network, partial(update, optimisers, config.accumulation_steps), config.ema_decay),
        evaluate=partial(evaluate, network),
        finalize_metrics=lambda sums: {"psnr": float(sums["psnr"] / sums["examples"])},
        visualize=partial(visualize, network),
        inference={
            "recolour": InferenceFunction(
                partial(recolour, network),
                networks=("recolourer",),
                inputs=(
                    jax.ShapeDtypeStruct((size, size), jnp.uint8),
                    jax.ShapeDtypeStruct((size, size, 3), jnp.uint8),
                    jax.ShapeDtypeStruct((ATTRIBUTES,), jnp.int8),
                ),
            )
        },
    )


def step(network, update, ema_decay, state, batch):
    """Update the network by the L1 distance between the generated image and the photo."""

    def loss(params, batch):
        image = generate(network, {"params": params["recolourer"]}, batch)
        distance = losses.mean_absolute_error(image, to_image(batch["image_t"]))
        return distance, ({"l1": distance}, ())

    updated = update(state, "recolourer", loss, batch)
    return finish_step(updated.state, ema_decay), {**updated.means, "gradient_norm": updated.gradient_norm}


def evaluate(network, state, batch):
    """Sum the PSNR of the generated images."""
    image = generate(network, state.inference_variables("recolourer"), batch)
    return {
        "examples": batch["weight"].sum(),
        "psnr": (batch["weight"] * psnr(image, to_image(batch["image_t"]))).sum(),
    }


def visualize(network, state, batch):
    """Return each photo, its mask, the reference photo and the generated image."""
    image = generate(network, state.inference_variables("recolourer"), batch)
    return {
        "I^t": to_image(batch["image_t"]),
        "M^t": batch["mask_t"],
        "I^ref": to_image(batch["image_ref"]),
        "G": image,
    }


def generate(network, variables, batch):
    """Generate images in [-1, 1] for a batch."""
    attributes = batch["attributes"].astype(jnp.float32)
    return network.apply(variables, one_hot(batch["mask_t"]), to_image(batch["image_ref"]), attributes)


def recolour(network, variables, masks, photos_ref, attributes):
    """Generate photos, uint8 (b s s 3), of label maps after reference photos and attributes."""
    batch = {"mask_t": masks, "image_ref": photos_ref, "attributes": attributes}
    return to_pixels(generate(network, variables["recolourer"], batch))
