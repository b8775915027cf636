"""Background that an edit frees, where hair gets shorter or a face narrower, filled by a run of EBGAN or Att-EBGAN.

No photo shows what was behind. The background around is continued as a blur, and an inpainting network is given the
code of that as it is given an exemplar's: the code says which colours, the network continues what surrounds the region.
"""

import logging
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from scipy import ndimage

from data_pipeline.labels import CLASSES
from maskgan_jax.editing.regions import touched
from maskgan_jax.inference.models import load_model
from maskgan_jax.photos.compositing import blend, feathered
from maskgan_jax.photos.scaling import scale_mask, scale_photo

BACKGROUND = CLASSES.index("background")

BLUR = 1 / 16
"""Standard deviation of the blur, in sides of the image (own)."""
FEATHER = 1 / 64
"""Width over which what is filled in fades into the background around, in sides of the face (own)."""


class BackgroundFiller:
    """Fills freed background of faces; its functions are compiled when they are first called."""

    def __init__(self, checkpoint: Path, option: str = "--fill-background"):
        """Load the networks of a run or an export.

        Raises:
          UserError: the folder holds none; the message begins with the option.
        """
        self.model = load_model(checkpoint, ("encode_exemplar", "inpaint"), option)
        self._encode, self._inpaint = (self.model.compile(name) for name in ("encode_exemplar", "inpaint"))

    def fill(
        self,
        face: UInt8[np.ndarray, "n n 3"],
        mask: UInt8[np.ndarray, "m m"],
        edited_mask: UInt8[np.ndarray, "k k"],
        feather: float | int | None = None,
    ) -> UInt8[np.ndarray, "n n 3"]:
        """Fill the background that an edit frees.

        Args:
          face: after the edit.
          mask: label map before the edit, of any size.
          edited_mask: label map after it.
          feather: largest width in px of the face over which what is filled in may fade into the background around.

        Returns:
          The face; where either mask shows anything else than background only the freed pixels differ. The face itself
          if nothing is freed, or, with a warning in the log, if the masks have no background in common to continue.
        """
        was, is_background = (scale_mask(each, len(face)) == BACKGROUND for each in (mask, edited_mask))
        freed, known = is_background & ~was, is_background & was
        if not freed.any():
            return face
        size, width = self.model.size, FEATHER * len(face)
        known = scale_mask(known.astype(np.uint8), size) > 0
        if not known.any():
            logging.warning("--fill-background: the mask shows no background to continue; the generator's is kept")
            return face
        weight = feathered(freed, width if feather is None else min(width, feather)) * is_background
        hidden = touched(weight > 0, size)
        photo = scale_photo(face, size)
        continued = np.where((hidden > 0)[..., None] & ~known[..., None], continue_colours(photo, known), photo)
        gates = [np.zeros((1, len(self.model.config.attributes)), np.float32)] if self.model.config.attributes else []
        code = self._encode(continued[None], hidden[None], *gates)
        filled = np.asarray(self._inpaint(photo[None], hidden[None], code))[0]
        return blend(face, scale_photo(filled, len(face)), weight)


def continue_colours(photo: UInt8[np.ndarray, "n n 3"], known: Bool[np.ndarray, "n n"]) -> UInt8[np.ndarray, "n n 3"]:
    """Return at each pixel the mean of the known ones around, weighted by a Gaussian; far from all, the nearest one."""
    deviation = BLUR * len(photo)
    weights = ndimage.gaussian_filter(known.astype(float), deviation)[..., None]
    sums = ndimage.gaussian_filter(photo * known[..., None].astype(float), (deviation, deviation, 0))
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    mean = np.where(weights > 1e-6, sums / np.maximum(weights, 1e-6), photo[tuple(nearest)])
    return mean.round().astype(np.uint8)
