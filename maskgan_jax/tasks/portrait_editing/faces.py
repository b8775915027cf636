"""What the networks read of a photo and its label map: parts of a source, layout and background of a target."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from data_pipeline.labels import MIRRORED
from maskgan_jax.tasks.portrait_editing.labels import PARTS, is_background, is_part
from maskgan_jax.tasks.portrait_editing.parts import WINDOWS, Centres, crop, enlarge, find_centres


class Layout(NamedTuple):
    """Where the parts of faces are.

    Attributes:
      labels: label maps of the 19 classes, eyes and mouth enlarged if the config says so.
      centres: of the windows of eyes and mouth.
    """

    labels: Integer[Array, "b h w"]
    centres: Centres


class Source(NamedTuple):
    """Parts of faces.

    Attributes:
      parts: image of each part in [-1, 1], 0 where a pixel of hair, skin or mouth's window is not the part; of eyes the
        whole window, so that make-up around them belongs to the part.
      shown: by part 1 where its image is not blanked.
    """

    parts: dict[str, Float[Array, "b y x 3"]]
    shown: dict[str, Float[Array, "b y x 1"]]


class Target(NamedTuple):
    """The layout that faces are generated in, and what lies behind them.

    Attributes:
      layout: of the faces.
      background: photos in [-1, 1], 0 wherever they are not kept.
      kept: where the photos are kept: background that is not hidden.
    """

    layout: Layout
    background: Float[Array, "b h w 3"]
    kept: Bool[Array, "b h w"]


def read_layout(labels: Integer[Array, "b h w"], enlarged: bool) -> Layout:
    """Read label maps of the 19 classes; `enlarged`: eyes and mouth by 1.1."""
    centres = find_centres(labels)
    return Layout(enlarge(labels, centres) if enlarged else labels, centres)


def mirror(
    image: Float[Array, "b h w 3"], labels: Integer[Array, "b h w"], chosen: Bool[Array, " b"]
) -> tuple[Float[Array, "b h w 3"], Integer[Array, "b h w"]]:
    """Flip chosen images and their label maps of the 19 classes horizontally; left and right labels swap."""
    chosen = chosen[:, None, None]
    mirrored = jnp.asarray(MIRRORED)[labels[:, :, ::-1].astype(jnp.int32)].astype(labels.dtype)
    return jnp.where(chosen[..., None], image[:, :, ::-1], image), jnp.where(chosen, mirrored, labels)


def read_source(image: Float[Array, "b h w 3"], layout: Layout) -> Source:
    """Cut the parts out of images in [-1, 1]."""
    parts, shown = {}, {}
    for part in PARTS:
        mask = is_part(layout.labels, part)[..., None].astype(image.dtype)
        if "eye" in part:
            mask = jnp.ones_like(mask)
        parts[part], shown[part] = image * mask, mask
        if part in WINDOWS:
            centres = layout.centres[part]
            parts[part], shown[part] = crop(parts[part], centres, part), crop(mask, centres, part)
    return Source(parts, shown)


def read_target(image: Float[Array, "b h w 3"], layout: Layout, hidden: Bool[Array, "b h w"] | None = None) -> Target:
    """Read the background of images in [-1, 1] behind a layout, without the pixels that are `hidden`."""
    kept = is_background(layout.labels)
    if hidden is not None:
        kept &= ~hidden
    return Target(layout, image * kept[..., None], kept)
