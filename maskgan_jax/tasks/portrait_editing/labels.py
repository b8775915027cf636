"""What portrait editing takes the 19 classes of CelebAMask-HQ for: five parts of a face, and background.

Sides are those of the image: `left_eye` is at its left, the person's right eye, which CelebAMask-HQ calls `r_eye`.
"""

from collections.abc import Mapping
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Integer

from data_pipeline.labels import CLASSES, NUM_CLASSES

PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "left_eye": ("r_eye",),
        "right_eye": ("l_eye",),
        "skin": ("skin", "l_brow", "r_brow", "nose"),
        "hair": ("hair",),
        "mouth": ("mouth", "u_lip", "l_lip"),
    }
)
"""Classes of each part, in the order of the codes and of the features that the generator reads (published code)."""

_HELEN = {
    "skin": 1, "r_brow": 2, "l_brow": 3, "r_eye": 4, "l_eye": 5, "nose": 6, "u_lip": 7, "mouth": 8, "l_lip": 9,
    "hair": 10,
}  # fmt: skip
HELEN_LABELS = np.array([_HELEN.get(name, 0) for name in CLASSES], np.uint8)
"""Label in the Helen data set, 0..10, of each of the 19 classes, uint8 (19,): the published weights know these.

Glasses are background (paper); so are ears, neck, hat, clothes and jewellery (own).
"""

LABEL_SETS: Mapping[str, np.ndarray] = MappingProxyType(
    {"celebamask": np.arange(NUM_CLASSES, dtype=np.uint8), "helen": HELEN_LABELS}
)
"""Label that generator and discriminators read for each of the 19 classes, by the name in `config.labels`."""

_HELEN_WEIGHTS = np.array([0.2, 1, 5, 5, 5, 5, 3, 8, 8, 8, 1], np.float32)
PARSING_WEIGHTS: Mapping[str, np.ndarray] = MappingProxyType(
    {"celebamask": _HELEN_WEIGHTS[HELEN_LABELS], "helen": _HELEN_WEIGHTS}
)
"""Weight of each class in the parsing loss, by label set (published code; of 19 classes that of the Helen class)."""


def translate(labels: Integer[Array, "b h w"], table: np.ndarray) -> Integer[Array, "b h w"]:
    """Replace each label by its entry in a table of `LABEL_SETS`."""
    return jnp.asarray(table)[labels.astype(jnp.int32)]


def is_part(labels: Integer[Array, "b h w"], part: str) -> Bool[Array, "b h w"]:
    """Return where a label map of the 19 classes shows a part."""
    return _is_any(labels, PARTS[part])


def is_background(labels: Integer[Array, "b h w"]) -> Bool[Array, "b h w"]:
    """Return where a label map of the 19 classes shows none of the parts: what a photo keeps."""
    return ~_is_any(labels, [name for names in PARTS.values() for name in names])


def _is_any(labels: Array, names) -> Array:
    members = np.isin(CLASSES, list(names))
    return jnp.asarray(members)[labels.astype(jnp.int32)]
