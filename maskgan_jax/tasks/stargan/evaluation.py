"""What a run measures and shows of held-out faces: edits undone, and each attribute turned over."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from maskgan_jax.tasks.pixels import psnr, to_image
from maskgan_jax.tasks.rows import next_rows
from maskgan_jax.tasks.stargan.system import DISCRIMINATOR, GENERATOR, StarGan, to_labels
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: StarGan, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR of photos with their own attributes and of edits undone; count what D's classes say.

    Counted are attributes that are known: of photos, and of edits to the next row's attributes, those in which this
    differs from the photo.
    """
    weight, image, known = batch["weight"], to_image(batch["image_t"]), system.known(batch)
    wanted = next_rows(known)
    variables = state.inference_variables(GENERATOR)
    own, edited = (system.generator.apply(variables, image, to_labels(each)) for each in (known, wanted))
    undone = system.generator.apply(variables, edited, to_labels(known))
    says = [system.discriminator.apply(state.variables(DISCRIMINATOR), each)[1] > 0 for each in (image, edited)]
    changed = known * wanted < 0
    counts = {
        "known": known != 0,
        "classified": (known != 0) & (says[0] == (known > 0)),
        "changed": changed,
        "set": changed & (says[1] == (wanted > 0)),
    }
    return {
        "examples": weight.sum(),
        "psnr_unchanged": (weight * psnr(own, image)).sum(),
        "psnr_undone": (weight * psnr(undone, image)).sum(),
        **{name: (weight[:, None] * each).sum() for name, each in counts.items()},
    }


def finalize_metrics(sums: Mapping[str, np.ndarray | np.generic]) -> dict[str, float]:
    """Compute means: PSNR in dB, and shares of attributes that D's classes find; of no attribute a share is 0."""
    return {
        "psnr_unchanged": float(sums["psnr_unchanged"] / sums["examples"]),
        "psnr_undone": float(sums["psnr_undone"] / sums["examples"]),
        "classified": float(sums["classified"] / max(sums["known"], 1)),
        "set": float(sums["set"] / max(sums["changed"], 1)),
    }


def visualize(system: StarGan, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, then the photo with each attribute by itself turned over."""
    image, known = to_image(batch["image_t"]), system.known(batch)
    columns = {"photo": image}
    for place, name in enumerate(system.attributes):
        wanted = known.at[:, place].set(jnp.where(known[:, place] > 0, -1, 1))
        columns[f"photo, other {name}"] = system.generator.apply(
            state.inference_variables(GENERATOR), image, to_labels(wanted)
        )
    return columns
