"""Whether a class has, in a generated face, the colour that it has in the photo whose style was taken."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.labels import CLASSES

LEAST_PIXELS = 8
"""Of a class in both masks, below which its mean colour is not looked at."""


def nearer(
    images: Sequence[UInt8[np.ndarray, "n n 3"]],
    masks: Sequence[UInt8[np.ndarray, "n n"]],
    photos: Sequence[UInt8[np.ndarray, "n n 3"]],
    photo_masks: Sequence[UInt8[np.ndarray, "n n"]],
    data_set: Float[np.ndarray, "19 3"],
) -> Mapping[str, Float[np.ndarray, " cases"]]:
    """Return by class, of the images where it can be told, 1 if its colour is nearer to the photo's, else 0.

    Args:
      images: generated.
      masks: what they were generated from.
      photos: whose style was taken.
      photo_masks: label maps of these.
      data_set: mean colour of each class over the data set: what a generator paints that knows no photo.
    """
    cases = {name: [] for name in CLASSES}
    for image, mask, photo, photo_mask in zip(images, masks, photos, photo_masks, strict=True):
        for label, name in enumerate(CLASSES):
            drawn, shown = mask == label, photo_mask == label
            if min(drawn.sum(), shown.sum()) >= LEAST_PIXELS:
                own, wanted = image[drawn].mean(0), photo[shown].mean(0)
                cases[name].append(np.linalg.norm(own - wanted) < np.linalg.norm(own - data_set[label]))
    return {name: np.array(each, float) for name, each in cases.items() if len(each) > 1}
