"""An edited image blended into the photo that it was made from."""

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage


def feathered(region: Bool[np.ndarray, "h w"], feather: float | int) -> Float[np.ndarray, "h w"]:
    """Return the weight of every pixel: 1 in the region, falling linearly to 0 at `feather` px from it."""
    if not region.any():
        return np.zeros(region.shape)
    distance = ndimage.distance_transform_edt(~region)
    return np.clip(1 - distance / feather, 0, 1) if feather else region.astype(float)


def blend(
    photo: UInt8[np.ndarray, "h w 3"], edited: UInt8[np.ndarray, "h w 3"], weight: Float[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return `weight * edited + (1 - weight) * photo`, rounded; where the weight is 0, exactly the photo's pixels."""
    mixed = photo + weight[..., None].astype(np.float32) * (edited.astype(np.float32) - photo)
    return np.round(mixed).astype(np.uint8)
