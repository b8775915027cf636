"""The methods that are compared: trained models, and what needs no training."""

from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float, PyTree, UInt8

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.editing.generators import PartGenerator, generator_kind, load_generator
from maskgan_jax.evaluation.networks import checksum, on_all_devices
from maskgan_jax.evaluation.request import Method, Request
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.task import Task


def photo_left_unchanged(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
    """Return the photos."""
    return request.photo


def source_photo(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
    """Return the source's photos: it has the edited mask of a style copy, and nothing of the target's style."""
    return request.source_photo


def own_colours_painted_in(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
    """Paint every class of the edited masks in the mean colour that it has in the photo itself."""
    rows = zip(request.photo, request.mask, request.edited_mask, strict=True)
    return np.stack([paint(own_colours(photo, mask), edited_mask) for photo, mask, edited_mask in rows])


def own_colours(photo: UInt8[np.ndarray, "n n 3"], mask: UInt8[np.ndarray, "n n"]) -> Float[np.ndarray, "19 3"]:
    """Return the mean colour of every class in one photo, in [0, 255]; for absent classes the photo's mean."""
    colours = np.tile(photo.reshape(-1, 3).mean(0), (NUM_CLASSES, 1))
    for label in np.unique(mask):
        colours[label] = photo[mask == label].mean(0)
    return colours


def paint(colours: Float[np.ndarray, "19 3"], mask: UInt8[np.ndarray, "n n"]) -> UInt8[np.ndarray, "n n 3"]:
    """Return a mask filled with one colour per class."""
    return np.round(colours[mask]).astype(np.uint8)


def edit(
    task: Task,
    variables: PyTree,
    photos: UInt8[Array, "b s s 3"],
    masks: UInt8[Array, "b s s"],
    edited_masks: UInt8[Array, "b s s"],
) -> UInt8[Array, "b s s 3"]:
    """Generate edited masks in the style of photos.

    Args:
      task: one that has the inference functions of its `generator_kind`.
      variables: of the networks that these functions read, by name.
      photos: I^t.
      masks: their label maps, M^t.
      edited_masks: what to generate from.
    """
    kind = generator_kind(task.inference)
    encode, generate = (task.inference[name].function for name in kind.functions)
    background = (photos, masks) if kind is PartGenerator else ()
    return generate(variables, edited_masks, *background, encode(variables, photos, masks))


def trained(folder: Path, option: str) -> tuple[Method, str]:
    """Load a Dense Mapping Network, by whatever task it was trained, SPADE or a portrait editor, as a method.

    It generates at its own size; photos are scaled to it, and its results back, by a Lanczos filter.

    Args:
      folder: of a training run, an export or an import; or `models.PRETRAINED`.
      option: what named the folder, for errors.

    Returns:
      The method, and a checksum of its weights.

    Raises:
      UserError: as for `load_model`.
    """
    model = load_generator(folder, option).model
    edit_on_devices = on_all_devices(partial(edit, model.task), model.variables)

    def edit_scaled(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
        photos = np.stack([scale_photo(photo, model.size) for photo in request.photo])
        masks, edited_masks = (
            np.stack([scale_mask(mask, model.size) for mask in batch]) for batch in (request.mask, request.edited_mask)
        )
        generated = edit_on_devices(photos, masks, edited_masks)
        return np.stack([scale_photo(image, request.photo.shape[-2]) for image in generated])

    return edit_scaled, checksum(model.variables)
