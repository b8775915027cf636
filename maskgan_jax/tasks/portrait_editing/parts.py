"""Where the parts of a face are: windows and their centres, crops, features in their places, enlarged parts.

Eyes and mouth have windows that follow them; skin and hair are read from and laid onto the whole image. All numbers are
those of the published code at 256 px, scaled by size / 256.
"""

from collections.abc import Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer, Num

from maskgan_jax.tasks.portrait_editing.labels import is_part

PUBLISHED_SIZE = 256

WINDOWS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"left_eye": (32, 48), "right_eye": (32, 48), "mouth": (80, 144)}
)
"""Height and width in px of the window of a part, at 256 px."""

_ABSENT: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"left_eye": (116, 96), "right_eye": (116, 160), "mouth": (184, 128)}
)
"""Centre (y, x) of the window of a part that a label map lacks, at 256 px."""

Centres = Mapping[str, Int[Array, "b 2"]]
"""Centre (y, x) in px of each part that has a window."""


def window(part: str, size: int) -> tuple[int, int]:
    """Return height and width in px of what is read of a part in images of `size` px: all but of eyes and mouth."""
    if part not in WINDOWS:
        return size, size
    height, width = WINDOWS[part]
    return height * size // PUBLISHED_SIZE, width * size // PUBLISHED_SIZE


def find_centres(labels: Integer[Array, "b h w"]) -> dict[str, Int[Array, "b 2"]]:
    """Return the centres of the bounding boxes of eyes and mouth, rounded down; of absent parts the usual place.

    Args:
      labels: label maps of the 19 classes, not enlarged.
    """
    size = labels.shape[1]
    centres = {}
    for part in WINDOWS:
        shown = is_part(labels, part)
        boxes = [_middle(shown.any(axis)) for axis in (2, 1)]
        usual = jnp.asarray(_ABSENT[part], jnp.int32) * size // PUBLISHED_SIZE
        centres[part] = jnp.where(shown.any((1, 2))[:, None], jnp.stack(boxes, axis=-1), usual)
    return centres


def _middle(occupied: Array) -> Int[Array, " b"]:
    """Return the middle of the first and the last occupied line, rounded down."""
    first = jnp.argmax(occupied, axis=1)
    last = occupied.shape[1] - 1 - jnp.argmax(occupied[:, ::-1], axis=1)
    return ((first + last) // 2).astype(jnp.int32)


def crop(images: Num[Array, "b h w c"], centres: Int[Array, "b 2"], part: str) -> Num[Array, "b y x c"]:
    """Cut the window of a part out of images, moved inside where it would cross the border (own)."""
    height, width = window(part, images.shape[1])

    def crop_one(image: Array, start: Array) -> Array:
        return jax.lax.dynamic_slice(image, (*start, jnp.int32(0)), (height, width, image.shape[-1]))

    return jax.vmap(crop_one)(images, _starts(centres, part, images.shape[1]))


def place(features: Float[Array, "b y x c"], centres: Int[Array, "b 2"], part: str, size: int) -> Array:
    """Lay the features of a part's window into maps of zeros (b size/k size/k c), where the window is.

    The window's first row and column are divided by k, the window's pixels a side to one of the features, and rounded.
    Where k is 4 and the sides of windows are multiples of 8 px, from 128 px on, these are floor(centre / 4 + 1/2) minus
    half the features, as in the published code.

    Args:
      features: of the windows.
      centres: of the windows, in px.
      part: whose windows they are.
      size: of the images, in px.
    """
    stride = window(part, size)[0] // features.shape[1]
    starts = (_starts(centres, part, size) + stride // 2) // stride

    def place_one(feature: Array, start: Array) -> Array:
        empty = jnp.zeros((size // stride, size // stride, feature.shape[-1]), feature.dtype)
        return jax.lax.dynamic_update_slice(empty, feature, (*start, jnp.int32(0)))

    return jax.vmap(place_one)(features, starts)


def _starts(centres: Array, part: str, size: int) -> Int[Array, "b 2"]:
    lengths = np.array(window(part, size), np.int32)
    return jnp.clip(centres - lengths // 2, 0, size - lengths)


def enlarge(labels: Integer[Array, "b h w"], centres: Centres) -> Integer[Array, "b h w"]:
    """Enlarge eyes and mouth in label maps by 1.1 around their centres (published code, `append_region`).

    Generator, discriminators and every mask of a part read these; the parsing loss reads the maps as they are.
    """
    enlarged = labels
    for part, centre in centres.items():
        larger = _enlarged_around(labels, centre)
        enlarged = jnp.where(is_part(larger, part), larger, enlarged)
    return enlarged


def _enlarged_around(labels: Array, centres: Int[Array, "b 2"]) -> Array:
    """Scale label maps to floor(1.1 size) px by nearest neighbour and cut so that the centres stay where they are."""
    size = labels.shape[1]
    scaled_size = 11 * size // 10
    offsets = 11 * centres // 10 - centres
    lines = np.arange(size) + offsets[:, :, None]  # of the scaled map, (b 2 size)
    sources = (2 * lines + 1) * size // (2 * scaled_size)
    rows = jnp.take_along_axis(labels, sources[:, 0, :, None], axis=1)
    return jnp.take_along_axis(rows, sources[:, 1, None, :], axis=2)
