"""What a run measures and shows of held-out faces: regions filled by their own code, by none, and by another's."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from maskgan_jax.tasks.ebgan.forward import gate, paste
from maskgan_jax.tasks.ebgan.step import read
from maskgan_jax.tasks.ebgan.system import ENCODER, GENERATOR, Ebgan
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: Ebgan, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR inside the regions, filled by their own codes, and with codes that are all 0."""
    weight, entries = batch["weight"], read(system, batch)
    own, _, none = _fill(system, state, entries)
    return {
        "examples": weight.sum(),
        "psnr_inside": (weight * _psnr_inside(own, entries)).sum(),
        "psnr_inside_without_code": (weight * _psnr_inside(none, entries)).sum(),
    }


def visualize(system: Ebgan, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, what is left of it, its region filled by its own code, the exemplar, filled by its code."""
    entries = read(system, batch)
    image, region = entries["image"], entries["region"]
    own, exemplar, _ = _fill(system, state, entries)
    return {
        "A": image,
        "A without M": image * (1 - region),
        "as A shows M": paste(image, region, own),
        "B": entries["exemplar"],
        "as B shows M": paste(image, region, exemplar),
    }


def _fill(system: Ebgan, state: TrainState, entries: Batch) -> list[Float[Array, "b h w 3"]]:
    """Return images whose regions follow their own code, the exemplar's, and none."""
    image, region = entries["image"], entries["region"]
    encoder, generator = state.inference_variables(ENCODER), state.inference_variables(GENERATOR)
    own, exemplar = (
        gate(system, system.modules[ENCODER].apply(encoder, each, region), entries[gates])
        for each, gates in ((image, "own_gates"), (entries["exemplar"], "exemplar_gates"))
    )
    codes = interleave(own, exemplar, jnp.zeros_like(own))
    return deinterleave(system.modules[GENERATOR].apply(generator, image, region, codes), 3)


def _psnr_inside(image: Float[Array, "b h w 3"], entries: Batch) -> Float[Array, " b"]:
    region = entries["region"]
    error = (jnp.square(image - entries["image"]) * region).sum((1, 2, 3)) / (3 * region.sum((1, 2, 3)))
    return 10 * jnp.log10(4 / jnp.maximum(error, 1e-10))
