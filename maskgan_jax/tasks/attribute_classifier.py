"""The attribute classifier, a judge of the papers' tables: a ResNet-18 that says which attributes a photo shows."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int8, PyTree, UInt8

from data_pipeline.celeba_attributes import columns_of
from maskgan_jax import losses
from maskgan_jax.networks.resnet18 import ResNet18
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.task import (
    Batch,
    InferenceFunction,
    Metrics,
    Network,
    Optimiser,
    Pretrained,
    Task,
    TrainState,
    Variables,
)
from maskgan_jax.tasks.torchvision_weights import how_to_save
from maskgan_jax.tasks.update import step_with_batch_norm, update

RESNET18_REMEDY = (
    f"Torchvision's ImageNet weights are an option; {how_to_save('resnet18')}; or begin with random ones: "
    "--config.init.resnet18="
)


class AttributeClassification(NamedTuple):
    """What a config makes of this task.

    Attributes:
      names: of the attributes, as in CelebA.
      input_size: height and width in px that photos are scaled to.
      trunk: photos to features.
      head: features to logits.
      update: `update` with the task's optimiser.
    """

    names: tuple[str, ...]
    input_size: int
    trunk: ResNet18
    head: nn.Dense
    update: Callable

    def known(self, batch: Batch) -> Int8[Array, "b k"]:
        """Return the classifier's attributes in a batch: 1 present, -1 absent, 0 unknown."""
        return batch["attributes"][:, columns_of(self.names)]


def make(config) -> Task:
    """Build the task from `config.attributes`, `.input_size`, `.networks.resnet18`, `.optimiser` and the general ones.

    Its inference functions take photos, uint8 (b s s 3). `classify`: the logit of each attribute's presence, float32
    (b k), in the config's order. `encode_photo`: the features that it comes from, float32 (b j).

    Raises:
      UserError: as `columns_of`.
    """
    names = tuple(config.attributes)
    columns_of(names)
    dtype = computation_dtype(config.dtype)
    trunk = ResNet18(dtype=dtype, **config.networks.resnet18)
    head = nn.Dense(len(names))
    networks = ("resnet18", "attribute_head")
    optimisers = {"attribute_classifier": Optimiser(adam(config), networks)}
    system = AttributeClassification(
        names, config.input_size, trunk, head, partial(update, optimisers, config.accumulation_steps)
    )
    size = config.data.size
    image = jax.ShapeDtypeStruct((1, config.input_size, config.input_size, 3), jnp.float32)
    photo = jax.ShapeDtypeStruct((size, size, 3), jnp.uint8)
    return Task(
        inputs=("image_t", "attributes"),
        networks={
            "resnet18": Network(trunk, (image,), entry_names="maskgan_jax.interop.torchvision:resnet18"),
            "attribute_head": Network(head, (jax.ShapeDtypeStruct((1, trunk.widths[-1]), jnp.float32),)),
        },
        pretrained=(Pretrained("resnet18", ("resnet18",), RESNET18_REMEDY),) if config.init.resnet18 else (),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=partial(finalize_metrics, names),
        visualize=partial(visualize, system),
        inference={
            "classify": InferenceFunction(partial(_classify, system), networks, (photo,)),
            "encode_photo": InferenceFunction(partial(_encode_photo, system), ("resnet18",), (photo,)),
        },
        annotated=("attributes",),
    )


def step(system: AttributeClassification, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update trunk and head on photos and their attributes."""
    loss = partial(classification_loss, system)
    return step_with_batch_norm(system.update, state, "attribute_classifier", "resnet18", loss, batch)


def classification_loss(
    system: AttributeClassification, batch_stats: PyTree, params: PyTree, batch: Batch
) -> tuple[Float[Array, ""], tuple[tuple[Metrics, PyTree], Any]]:
    """Compute the binary cross-entropy of the known attributes; also the batch statistics after this batch."""
    variables = {"params": params["resnet18"], "batch_stats": batch_stats}
    image = scale(to_image(batch["image_t"]), system.input_size)
    features, updated = system.trunk.apply(variables, image, train=True, mutable=["batch_stats"])
    logits = system.head.apply({"params": params["attribute_head"]}, features)
    loss = losses.attribute_cross_entropy(logits, system.known(batch))
    return loss, (({"loss": loss}, updated["batch_stats"]), ())


def evaluate(system: AttributeClassification, state: TrainState, batch: Batch) -> Metrics:
    """Count for each attribute the photos in which it is known, is present, and is classified correctly."""
    known = system.known(batch)
    variables = {name: state.variables(name) for name in ("resnet18", "attribute_head")}
    logits = _classify(system, variables, batch["image_t"])
    counts = {"known": known != 0, "present": known > 0, "correct": (known != 0) & ((logits > 0) == (known > 0))}
    return {name: batch["weight"] @ values.astype(batch["weight"].dtype) for name, values in counts.items()}


def finalize_metrics(names: Sequence[str], sums: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Compute each attribute's accuracy and, beside it, that of always saying what is more frequent; their means."""
    accuracy = sums["correct"] / sums["known"]
    present = sums["present"] / sums["known"]
    majority = np.maximum(present, 1 - present)
    return {
        "accuracy": float(accuracy.mean()),
        "majority": float(majority.mean()),
        **{f"accuracy/{name}": float(value) for name, value in zip(names, accuracy, strict=True)},
        **{f"majority/{name}": float(value) for name, value in zip(names, majority, strict=True)},
    }


def visualize(system: AttributeClassification, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each photo, and a band for each attribute, white where it is present: the truth, the probability."""
    variables = {name: state.variables(name) for name in ("resnet18", "attribute_head")}
    probability = 2 * jax.nn.sigmoid(_classify(system, variables, batch["image_t"])) - 1
    image = to_image(batch["image_t"])
    size = image.shape[1]
    bands = np.arange(size) * len(system.names) // size

    def draw(values: Float[Array, "b k"]) -> Float[Array, "b h w 3"]:
        return jnp.broadcast_to(values[:, bands, None, None], image.shape)

    return {"I^t": image, "true": draw(system.known(batch).astype(image.dtype)), "predicted": draw(probability)}


def scale(image: Float[Array, "b h w 3"], size: int) -> Float[Array, "b s s 3"]:
    """Scale images bilinearly, with antialiasing."""
    return jax.image.resize(image, (image.shape[0], size, size, 3), "linear") if image.shape[1] != size else image


def _encode_photo(
    system: AttributeClassification, variables: Mapping[str, Variables], photos: UInt8[Array, "b s s 3"]
) -> Float[Array, "b k"]:
    return system.trunk.apply(variables["resnet18"], scale(to_image(photos), system.input_size))


def _classify(
    system: AttributeClassification, variables: Mapping[str, Variables], photos: UInt8[Array, "b s s 3"]
) -> Float[Array, "b k"]:
    return system.head.apply(variables["attribute_head"], _encode_photo(system, variables, photos))
