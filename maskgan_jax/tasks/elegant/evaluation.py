"""What a run measures and shows of held-out faces: reconstructions and exchanges."""

from jaxtyping import Array

from maskgan_jax.tasks.elegant.step import generate, paired, read
from maskgan_jax.tasks.elegant.system import DECODER, ENCODER, Elegant
from maskgan_jax.tasks.pixels import psnr
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: Elegant, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR of each photo's reconstruction, and of the photo with an attribute exchanged, both to the photo.

    What is added to a photo may be nothing, so that the first is worth something beside a lower second one.
    """
    weight, columns = batch["weight"], visualize(system, state, batch)
    image, reconstruction, exchanged = (columns[name] for name in ("A", "A'", "C: A with B's"))
    return {
        "examples": weight.sum(),
        "psnr": (weight * psnr(reconstruction, image)).sum(),
        "psnr_exchanged": (weight * psnr(exchanged, image)).sum(),
    }


def visualize(system: Elegant, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return pairs that differ in an attribute, the first one's reconstruction, and both with it exchanged."""
    entries = read(system, batch)
    variables = {name: state.inference_variables(name) for name in (ENCODER, DECODER)}
    reconstructions, exchanged = (paired(each) for each in generate(system, variables, entries))
    return {
        "A": entries["images"][:, 0],
        "B": entries["images"][:, 1],
        "A'": reconstructions[:, 0],
        "C: A with B's": exchanged[:, 0],
        "D: B with A's": exchanged[:, 1],
    }
