"""Names of CelebA's attributes, in the order of its files."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from data_pipeline.errors import UserError

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling",
    "Straight_Hair", "Wavy_Hair",
    "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip


def columns_of(names: Sequence[str], field: str = "config.attributes") -> Int[np.ndarray, " n"]:
    """Return the columns of named attributes among the 40.

    Args:
      names: as in `ATTRIBUTES`, at least one.
      field: the setting that names them, for the error.

    Raises:
      UserError: none is named, CelebA has no such attribute, or one is named twice.
    """
    unknown = [name for name in names if name not in ATTRIBUTES]
    if unknown or not names:
        problem = f"CelebA has no {', '.join(unknown)}" if unknown else "names no attribute"
        raise UserError(f"{field}: {problem}; choose among {', '.join(ATTRIBUTES)}")
    if len(set(names)) < len(names):
        raise UserError(f"{field}: {', '.join(names)}: name each attribute once")
    return np.array([ATTRIBUTES.index(name) for name in names])
