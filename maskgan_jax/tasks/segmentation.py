"""Metrics of label maps against the true ones."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from data_pipeline.labels import CLASSES
from maskgan_jax.tasks.pixels import one_hot


def confusion(
    truth: Integer[Array, "b h w"], predicted: Integer[Array, "b h w"], weight: Float[Array, " b"]
) -> Float[Array, "k k"]:
    """Compute the share of pixels by true (row) and predicted (column) class, summed over images with their weights."""
    shares = jnp.einsum("bhwi,bhwj,b->ij", one_hot(truth), one_hot(predicted), weight)
    return shares / (truth.shape[1] * truth.shape[2])


def finalize_metrics(sums: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Compute pixel accuracy; IoU and F1 of each class in truth or prediction, background included; their means.

    IoU is intersection / union of a class's true and predicted pixels, F1 is 2 * intersection / (true + predicted).
    """
    table = sums["confusion"].astype(np.float64)
    right = np.diag(table)
    either = table.sum(0) + table.sum(1)
    occurring = np.flatnonzero(either)
    iou = {CLASSES[k]: float(right[k] / (either[k] - right[k])) for k in occurring}
    f1 = {CLASSES[k]: float(2 * right[k] / either[k]) for k in occurring}
    return {
        "pixel_accuracy": float(right.sum() / table.sum()),
        "mean_iou": float(np.mean(list(iou.values()))),
        "mean_f1": float(np.mean(list(f1.values()))),
        **{f"iou/{name}": value for name, value in iou.items()},
        **{f"f1/{name}": value for name, value in f1.items()},
    }
