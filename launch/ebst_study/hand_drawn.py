"""Masks as if a person had drawn their parts by hand: each a polygon, a little out of place."""

import cv2
import numpy as np
from jaxtyping import UInt8

from data_pipeline.labels import CLASSES

CORNERS = 0.02
"""How far a part's outline may be from its polygon, in parts of the outline's length."""
SHIFT = 0.012
"""Standard deviation of a part's shift, in sides of the mask."""
SCALE = 0.08
"""Standard deviation of the logarithm of a part's size."""
KEPT = ("background", "skin", "hair", "hat", "ear_r", "neck_l", "neck", "cloth")
"""What a person who edits a face leaves as it is: its parts are drawn over it."""


def draw_by_hand(mask: UInt8[np.ndarray, "n n"], rng: np.random.Generator) -> UInt8[np.ndarray, "n n"]:
    """Return a mask whose facial parts were replaced by polygons, shifted and scaled at random.

    What a part no longer covers becomes skin.

    Args:
      mask: a label map.
      rng: of the shifts and sizes.
    """
    parts = [label for label in np.unique(mask).tolist() if CLASSES[label] not in KEPT]
    drawn = np.where(np.isin(mask, parts), np.uint8(CLASSES.index("skin")), mask)
    for label in parts:
        shift, size = rng.normal(0, SHIFT * len(mask), 2), np.exp(rng.normal(0, SCALE))
        outlines, _ = cv2.findContours((mask == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for outline in outlines:
            polygon = cv2.approxPolyDP(outline, CORNERS * cv2.arcLength(outline, closed=True), closed=True)[:, 0]
            centre = polygon.mean(0)
            moved = np.round(centre + size * (polygon - centre) + shift).astype(np.int32)
            cv2.fillPoly(drawn, [moved], label)
    return drawn
