"""The methods that are compared: trained models, and what needs no training."""

from collections.abc import Container
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float, PyTree, UInt8

from data_pipeline.labels import NUM_CLASSES
from maskgan_jax.evaluation.networks import checksum, on_all_devices
from maskgan_jax.evaluation.request import Method, Request
from maskgan_jax.inference.models import load_model, offers
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.task import Task

STYLE_FUNCTIONS = ("encode_style", "generate")
"""Inference functions that edit in one style for the whole photo: MaskGAN's."""

PART_FUNCTIONS = ("encode_parts", "compose")
"""Inference functions that edit in a style for each part: portrait editing's."""


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
      task: one that has the inference functions of `edit_functions`.
      variables: of the networks that they read, by name.
      photos: I^t.
      masks: their label maps, M^t.
      edited_masks: what to generate from.
    """
    names = edit_functions(task.inference)
    encode, generate = (task.inference[name].function for name in names)
    styles = encode(variables, photos, masks)
    background = (photos, masks) if names == PART_FUNCTIONS else ()
    return generate(variables, edited_masks, *background, styles)


def edit_functions(offered: Container[str]) -> tuple[str, str]:
    """Return the names of the two inference functions that edit; `offered` are a task's."""
    return PART_FUNCTIONS if PART_FUNCTIONS[0] in offered else STYLE_FUNCTIONS


def trained(folder: Path, option: str) -> tuple[Method, str]:
    """Load a Dense Mapping Network, by whatever task it was trained, or a portrait editor, as a method.

    It generates at its own size; photos are scaled to it, and its results back, by a Lanczos filter.

    Args:
      folder: of a training run, an export or an import; or `models.PRETRAINED`.
      option: what named the folder, for errors.

    Returns:
      The method, and a checksum of its weights.

    Raises:
      UserError: as for `load_model`.
    """
    model = load_model(folder, edit_functions([name for name in PART_FUNCTIONS if offers(folder, name)]), option)
    edit_on_devices = on_all_devices(partial(edit, model.task), model.variables)

    def edit_scaled(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
        photos = np.stack([scale_photo(photo, model.size) for photo in request.photo])
        masks, edited_masks = (
            np.stack([scale_mask(mask, model.size) for mask in batch]) for batch in (request.mask, request.edited_mask)
        )
        generated = edit_on_devices(photos, masks, edited_masks)
        return np.stack([scale_photo(image, request.photo.shape[-2]) for image in generated])

    return edit_scaled, checksum(model.variables)
