"""Colours of an exemplar, as they would look in the light, and on the skin, of another photo."""

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.labels import CLASSES

_SKIN = tuple(CLASSES.index(name) for name in ("skin", "nose"))


def match_skin(
    photo: UInt8[np.ndarray, "n n 3"],
    mask: UInt8[np.ndarray, "n n"],
    target: UInt8[np.ndarray, "m m 3"],
    target_mask: UInt8[np.ndarray, "m m"],
) -> UInt8[np.ndarray, "n n 3"]:
    """Return a photo with each colour channel multiplied so that its skin's mean colour is the target's (own).

    A code of EBGAN holds the colours of light and skin too, and a region filled with those of another face doesn't fit
    its surroundings. Where one of the two shows no skin the photo stays as it is.
    """
    means = [_skin_colour(*each) for each in ((photo, mask), (target, target_mask))]
    if any(each is None for each in means):
        return photo
    own, wanted = means
    return np.clip(photo * (wanted / np.maximum(own, 1)), 0, 255).round().astype(np.uint8)


def _skin_colour(photo: UInt8[np.ndarray, "n n 3"], mask: UInt8[np.ndarray, "n n"]) -> Float[np.ndarray, "3"] | None:
    skin = np.isin(mask, _SKIN)
    return photo[skin].mean(0) if skin.any() else None
