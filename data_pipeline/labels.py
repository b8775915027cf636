"""The 19 classes of CelebAMask-HQ: names, merge order, colours, left-right pairs.

Source: `face_parsing/Data_preprocessing/g_mask.py` (order) and `g_color.py` (palette) of the published code.
"""

from collections.abc import Mapping

import numpy as np

CLASSES = (
    "background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear",
    "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
NUM_CLASSES = len(CLASSES)
PARTS = CLASSES[1:]

PALETTE = np.array(
    [
        [0, 0, 0], [204, 0, 0], [76, 153, 0], [204, 204, 0], [51, 51, 255], [204, 0, 204], [0, 255, 255],
        [255, 204, 204], [102, 51, 0], [255, 0, 0], [102, 204, 0], [255, 255, 0], [0, 0, 153], [0, 0, 204],
        [255, 51, 153], [0, 204, 204], [0, 51, 0], [255, 153, 51], [0, 204, 0],
    ],
    np.uint8,
)  # fmt: skip
"""RGB colour of every class, uint8 (19, 3)."""


def _mirrored(name: str) -> str:
    side, _, part = name.partition("_")
    other = {"l": "r", "r": "l"}.get(side)
    swapped = f"{other}_{part}"
    return swapped if swapped in CLASSES else name


MIRRORED = np.array([CLASSES.index(_mirrored(name)) for name in CLASSES], np.uint8)
"""Label that each label becomes under a horizontal flip, uint8 (19,)."""


def merge_parts(parts: Mapping[str, np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Merge part masks in the order of `PARTS`; later ones cover earlier ones.

    Args:
      parts: part name to an array (height, width), non-zero inside the part; absent parts are left out.
      size: (height, width) of the result.

    Returns:
      The label map, uint8 (height, width) in 0..18; 0 is background.

    Raises:
      KeyError: a name is not one of `PARTS`.
    """
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise KeyError(f"not a part of CelebAMask-HQ: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    label_map = np.zeros(size, np.uint8)
    for label, name in enumerate(PARTS, start=1):
        if name in parts:
            label_map[np.asarray(parts[name]) != 0] = label
    return label_map
