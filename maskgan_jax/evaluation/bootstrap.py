"""Means over pairs with their intervals."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

RESAMPLES = 1_000
SEED = 0


class Estimate(NamedTuple):
    """A mean over pairs.

    Attributes:
      mean: of the pairs whose value is defined.
      low: lower end of the 95 % interval.
      high: upper end.
      n: how many pairs that are.
    """

    mean: float
    low: float
    high: float
    n: int


def estimate(values: Float[np.ndarray, " n"]) -> Estimate | None:
    """Estimate the mean of what is not NaN, with a 95 % bootstrap interval (percentiles of `RESAMPLES` resamples).

    Two methods are compared by `estimate(first - second)`, which resamples the same pairs of both.

    Returns:
      None if fewer than two values are defined.
    """
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return None
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(SEED)
    ).confidence_interval
    return Estimate(float(values.mean()), float(found.low), float(found.high), len(values))
