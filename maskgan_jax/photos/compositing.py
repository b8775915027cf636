"""A drawn face laid into the photo that it comes from."""

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage


def feathered(region: Bool[np.ndarray, "h w"], feather: float | int) -> Float[np.ndarray, "h w"]:
    """Weight of every pixel: 1 in the region, then falling evenly to 0 at a distance of `feather` px from it."""
    if not region.any():
        return np.zeros(region.shape)
    distance = ndimage.distance_transform_edt(~region)
    return np.clip(1 - distance / feather, 0, 1) if feather else region.astype(float)


def blend(
    photo: UInt8[np.ndarray, "h w 3"], drawn: UInt8[np.ndarray, "h w 3"], weight: Float[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """`weight * drawn + (1 - weight) * photo`; where the weight is 0 the photo's own bytes."""
    mixed = photo + weight[..., None].astype(np.float32) * (drawn.astype(np.float32) - photo)
    return np.round(mixed).astype(np.uint8)
