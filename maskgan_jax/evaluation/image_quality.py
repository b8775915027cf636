"""How near a generated photo is to the true one, where that is known."""

from functools import partial

import dm_pix
import jax
import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

_SSIM_BORDER = 5
"""The 11x11 window of SSIM (Wang et al. 2004) is never laid over the border."""

_ssim = jax.jit(partial(dm_pix.ssim, return_map=True))


def psnr(
    image: UInt8[np.ndarray, "n n 3"], truth: UInt8[np.ndarray, "n n 3"], region: Bool[np.ndarray, "n n"] | None = None
) -> float:
    """Return the peak signal-to-noise ratio in dB, within a region if one is given; NaN if that is empty."""
    squares = np.square(image.astype(np.float64) - truth)
    if region is not None:
        squares = squares[region]
    return float(10 * np.log10(255**2 / max(squares.mean(), 1e-10))) if squares.size else float("nan")


def seam(image: UInt8[np.ndarray, "n n 3"], region: Bool[np.ndarray, "n n"]) -> float:
    """Return the step across a region's border over that 8/256 of the image outwards; NaN if there is none.

    A step is the mean absolute difference of the neighbours that a border parts (own; 8 px at 256 px).
    """
    distance = max(1, round(8 / 256 * len(region)))
    inner, outer = (_step(image, each) for each in (region, ndimage.binary_dilation(region, iterations=distance)))
    return inner / outer if outer else float("nan")


def _step(image: UInt8[np.ndarray, "n n 3"], region: Bool[np.ndarray, "n n"]) -> float:
    steps = []
    for axis in (0, 1):
        parted = np.diff(region.astype(np.int8), axis=axis) != 0
        steps.append(np.abs(np.diff(image.astype(np.int16), axis=axis))[parted].ravel())
    steps = np.concatenate(steps)
    return float(steps.mean()) if steps.size else 0.0


def ssim_map(image: UInt8[np.ndarray, "n n 3"], truth: UInt8[np.ndarray, "n n 3"]) -> Float[np.ndarray, "m m"]:
    """Return the structural similarity around each pixel, mean of the channels, NaN at the border of 5 pixels."""
    similarity = _ssim(image / np.float32(255), truth / np.float32(255))
    inner = np.asarray(similarity, np.float64).mean(-1)
    return np.pad(inner, _SSIM_BORDER, constant_values=np.nan)


def compare(
    image: UInt8[np.ndarray, "n n 3"], truth: UInt8[np.ndarray, "n n 3"], region: Bool[np.ndarray, "n n"]
) -> dict[str, float]:
    """Return PSNR in dB and SSIM inside a region, outside it and of the whole; NaN where there are no pixels."""
    similarity = ssim_map(image, truth)
    places = {"inside": region, "outside": ~region, "whole": np.ones_like(region)}
    measures = {f"psnr_{name}": psnr(image, truth, place) for name, place in places.items()}
    for name, place in places.items():
        values = similarity[place & np.isfinite(similarity)]
        measures[f"ssim_{name}"] = float(values.mean()) if values.size else float("nan")
    return measures
