"""The face parser, on photos and their masks; the authors report a pixel accuracy of 0.9342 on a split of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, PyTree, UInt8

from data_pipeline.errors import UserError
from maskgan_jax import losses
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.segmentation import confusion, finalize_metrics
from maskgan_jax.tasks.task import Batch, InferenceFunction, Metrics, Network, Optimiser, Task, TrainState, Variables
from maskgan_jax.tasks.update import step_with_batch_norm, update


class FaceParsing(NamedTuple):
    """What a config makes of this task: the network, and `update` with the task's optimiser."""

    network: FaceParser
    update: Callable


def make(config) -> Task:
    """Build the task from `config.networks.face_parser`, `.optimiser` and `.accumulation_steps`.

    Raises:
      UserError: photos of `config.data.size` can't be halved as often as the widths say.
    """
    network = FaceParser(dtype=computation_dtype(config.dtype), **config.networks.face_parser)
    size, halvings = config.data.size, len(network.widths) - 1
    if size % 2**halvings:
        raise UserError(
            f"config.networks.face_parser.widths: {len(network.widths)} widths halve {size} px {halvings} times, which "
            "leaves a fraction of a pixel; give fewer widths"
        )
    optimisers = {"face_parser": Optimiser(adam(config), ("face_parser",))}
    system = FaceParsing(network, partial(update, optimisers, config.accumulation_steps))
    image = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    photo = jax.ShapeDtypeStruct((size, size, 3), jnp.uint8)
    return Task(
        inputs=("image_t", "mask_t"),
        networks={"face_parser": Network(network, (image,), entry_names="maskgan_jax.interop.maskgan:face_parser")},
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference={"parse": InferenceFunction(partial(_parse, network), ("face_parser",), (photo,))},
    )


def step(system: FaceParsing, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the parser on photos and their masks."""
    loss = partial(parsing_loss, system)
    return step_with_batch_norm(system.update, state, "face_parser", "face_parser", loss, batch)


def parsing_loss(
    system: FaceParsing, batch_stats: PyTree, params: PyTree, batch: Batch
) -> tuple[Float[Array, ""], tuple[tuple[Metrics, PyTree], Any]]:
    """Compute the cross-entropy over all pixels; also the batch statistics after this batch."""
    variables = {"params": params["face_parser"], "batch_stats": batch_stats}
    image_t = to_image(batch["image_t"])
    logits, updated = system.network.apply(variables, image_t, train=True, mutable=["batch_stats"])
    loss = losses.cross_entropy(logits, batch["mask_t"].astype(jnp.int32))
    return loss, (({"loss": loss}, updated["batch_stats"]), ())


def evaluate(system: FaceParsing, state: TrainState, batch: Batch) -> Metrics:
    """Sum the confusion matrices of masks and parsed photos."""
    parsed = parse(system.network, state.variables("face_parser"), to_image(batch["image_t"]))
    return {"confusion": confusion(batch["mask_t"], parsed, batch["weight"])}


def visualize(system: FaceParsing, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, its mask, the parsed mask, and in white the pixels where the two differ."""
    image_t = to_image(batch["image_t"])
    parsed = parse(system.network, state.variables("face_parser"), image_t)
    wrong = (parsed != batch["mask_t"])[..., None]
    return {
        "I^t": image_t,
        "M^t": batch["mask_t"],
        "parsed": parsed,
        "where they differ": jnp.where(wrong, 1.0, 0.4 * image_t - 0.6),
    }


def parse(network: FaceParser, variables: Variables, image: Float[Array, "b h w 3"]) -> Integer[Array, "b h w"]:
    """Return the label maps of images in [-1, 1]: the likeliest class of every pixel."""
    return network.apply(variables, image).argmax(-1)


def _parse(
    network: FaceParser, variables: dict[str, Variables], photos: UInt8[Array, "b s s 3"]
) -> UInt8[Array, "b s s"]:
    return parse(network, variables["face_parser"], to_image(photos)).astype(jnp.uint8)
