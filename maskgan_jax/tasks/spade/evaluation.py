"""What a run measures and shows of held-out faces: photos generated from their own masks and styles, and others'."""

from jaxtyping import Array, Float

from maskgan_jax.tasks.dense_mapping import sum_errors
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.rows import next_rows
from maskgan_jax.tasks.spade.system import ENCODER, GENERATOR, Spade
from maskgan_jax.tasks.task import Batch, Metrics, TrainState


def evaluate(system: Spade, state: TrainState, batch: Batch) -> Metrics:
    """Sum PSNR and absolute error of the reconstructions from the means of the codes."""
    image_t = to_image(batch["image_t"])
    reconstruction = _generate(system, state, batch, _encode(system, state, image_t))
    return sum_errors(reconstruction, image_t, batch["weight"])


def visualize(system: Spade, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, its mask, its reconstruction, and its mask in the style of the next example."""
    image_t = to_image(batch["image_t"])
    codes = _encode(system, state, image_t)
    return {
        "I^t": image_t,
        "M^t": batch["mask_t"],
        "G(M^t, E(I^t))": _generate(system, state, batch, codes),
        "next row's style": _generate(system, state, batch, next_rows(codes)),
    }


def _encode(system: Spade, state: TrainState, image: Float[Array, "b h w 3"]) -> Float[Array, "b z"]:
    mean, _ = system.modules[ENCODER].apply(state.inference_variables(ENCODER), image)
    return mean


def _generate(system: Spade, state: TrainState, batch: Batch, codes: Float[Array, "b z"]) -> Float[Array, "b h w 3"]:
    return system.modules[GENERATOR].apply(state.inference_variables(GENERATOR), batch["mask_t"], codes)
