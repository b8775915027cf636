"""Synthetic faces that the page offers, each with its true mask."""

import numpy as np
from jaxtyping import UInt8

from data_pipeline.synthetic_faces import face, render

SAMPLE_SEED = 1
"""Of the faces; the data sets of the configs have seed 0."""
LEAST_SAMPLE = 128
"""Side in px at least of a sample that the page shows."""


def render_sample(number: int, size: int) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
    """Return photo and mask of a sample."""
    sample = face(SAMPLE_SEED, number)
    return render(sample.geometry, sample.style, size)
