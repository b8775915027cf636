"""What a run measures and shows of held-out faces: regions filled by their own code, by none, and by another's."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from maskgan_jax.tasks.ebgan.forward import gate, paste
from maskgan_jax.tasks.ebgan.step import read
from maskgan_jax.tasks.ebgan.system import ENCODER, GENERATOR, Ebgan
from maskgan_jax.tasks.pixels import psnr
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: Ebgan, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR inside the regions, filled by their own codes, and with codes that are all 0."""
    weight, entries = batch["weight"], read(system, batch)
    image, inside = entries["image"], entries["region"] > 0
    own = _encode(system, state, entries, "image", "own_gates")
    filled, without_code = _fill(system, state, entries, own, jnp.zeros_like(own))
    return {
        "examples": weight.sum(),
        "psnr_inside": (weight * psnr(filled, image, inside)).sum(),
        "psnr_inside_without_code": (weight * psnr(without_code, image, inside)).sum(),
    }


def visualize(system: Ebgan, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, what is left of it, its region filled by its own code, the exemplar, filled by its code."""
    entries = read(system, batch)
    image, region = entries["image"], entries["region"]
    codes = (
        _encode(system, state, entries, *each) for each in (("image", "own_gates"), ("exemplar", "exemplar_gates"))
    )
    own, exemplar = _fill(system, state, entries, *codes)
    return {
        "A": image,
        "A without M": image * (1 - region),
        "as A shows M": paste(image, region, own),
        "B": entries["exemplar"],
        "as B shows M": paste(image, region, exemplar),
    }


def _encode(system: Ebgan, state: TrainState, entries: Batch, image: str, gates: str) -> Float[Array, "b y x c"]:
    codes = system.modules[ENCODER].apply(state.inference_variables(ENCODER), entries[image], entries["region"])
    return gate(system, codes, entries.get(gates))


def _fill(
    system: Ebgan, state: TrainState, entries: Batch, *codes: Float[Array, "b y x c"]
) -> list[Float[Array, "b h w 3"]]:
    """Return images of the photos with each of several codes."""
    generator = system.modules[GENERATOR]
    inputs = entries["image"], entries["region"], interleave(*codes)
    return deinterleave(generator.apply(state.inference_variables(GENERATOR), *inputs), len(codes))
