"""Functions of batches, on any number of rows."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Array

BATCH = 50


def in_batches(function: Callable[..., Array], *arrays: np.ndarray) -> np.ndarray:
    """Return a function's results for all rows, computed in batches of `BATCH`, so that it is compiled once."""
    results = []
    for begin in range(0, len(arrays[0]), BATCH):
        parts = [each[begin : begin + BATCH] for each in arrays]
        count = len(parts[0])
        results.append(np.asarray(function(*(np.resize(part, (BATCH, *part.shape[1:])) for part in parts)))[:count])
    return np.concatenate(results)
