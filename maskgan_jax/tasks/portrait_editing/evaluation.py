"""What a run measures and shows of held-out faces: reconstructions, and faces with the next row's parts."""

import jax.numpy as jnp
from jaxtyping import Array

from maskgan_jax.tasks.pixels import psnr, to_image
from maskgan_jax.tasks.portrait_editing.faces import read_layout, read_source, read_target
from maskgan_jax.tasks.portrait_editing.forward import decode, encode, generate
from maskgan_jax.tasks.portrait_editing.labels import LABEL_SETS, PARTS, translate
from maskgan_jax.tasks.portrait_editing.system import PARSERS, PortraitEditing
from maskgan_jax.tasks.rows import next_rows
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: PortraitEditing, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR of reconstructions, and the share of pixels of faces with another's parts that are as labelled.

    The parser of the loss judges the latter; without one it is left out.
    """
    weight = batch["weight"]
    reconstruction, swap = _exchange(system, state, batch, [(), PARTS])
    sums = {"examples": weight.sum(), "psnr": (weight * psnr(reconstruction, to_image(batch["image_t"]))).sum()}
    if system.parser:
        parsed = system.modules[system.parser].apply(state.variables(system.parser), swap).argmax(-1)
        right = parsed == translate(batch["mask_t"], LABEL_SETS[PARSERS[system.parser].labels])
        sums["swap_parsed_accuracy"] = (weight * right.mean((1, 2), dtype=weight.dtype)).sum()
    return sums


def visualize(system: PortraitEditing, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, its mask and reconstruction, the next row's photo, and faces with parts of that photo."""
    image = to_image(batch["image_t"])
    reconstruction, swap, hair, mouth = _exchange(system, state, batch, [(), PARTS, ("hair",), ("mouth",)])
    return {
        "I^t": image,
        "M^t": batch["mask_t"],
        "reconstruction": reconstruction,
        "I^s": jnp.roll(image, -1, axis=0),
        "all parts of I^s": swap,
        "hair of I^s": hair,
        "mouth of I^s": mouth,
    }


def _exchange(system: PortraitEditing, state: TrainState, batch: Batch, exchanged) -> list[Array]:
    """Return for each collection of parts the faces that have these from the next row's photo, the others their own."""
    variables = {name: state.inference_variables(name) for name in system.modules}
    image, layout = to_image(batch["image_t"]), read_layout(batch["mask_t"], system.enlarged)
    codes, _, _ = encode(system, variables, read_source(image, layout))
    features, _ = decode(system, variables, codes)
    others, target = next_rows(features), read_target(image, layout)
    return [
        generate(system, variables, {part: (others if part in parts else features)[part] for part in PARTS}, target)[0]
        for parts in exchanged
    ]
