"""Square photos and label maps at another size."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image


def scale_photo(photo: UInt8[np.ndarray, "n n 3"], size: int) -> UInt8[np.ndarray, "size size 3"]:
    """Return a photo at `size` px, resampled by an antialiasing Lanczos filter."""
    return np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.LANCZOS))


def scale_mask(mask: UInt8[np.ndarray, "n n"], size: int) -> UInt8[np.ndarray, "size size"]:
    """Return a label map at `size` px by nearest neighbour, so that no label appears that was not there."""
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))
