"""Intervals of means."""

import numpy as np
import pytest

from maskgan_jax.evaluation.bootstrap import estimate


def test_the_interval_is_that_of_the_normal_distribution_for_many_pairs():
    values = np.random.default_rng(1).normal(3, 2, 2_000)

    found = estimate(values)

    error = values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.n == 2_000
    assert found.low == pytest.approx(found.mean - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(found.mean + 1.96 * error, abs=0.2 * error)


def test_what_is_not_defined_does_not_count():
    values = np.array([1.0, np.nan, 3.0])
    assert estimate(values)[::3] == (2.0, 2)
    assert estimate(np.array([1.0, np.nan])) is None, "one value has no interval"


def test_methods_are_compared_on_the_same_resampled_pairs():
    rng = np.random.default_rng(2)
    difficulty = rng.normal(0, 5, 100)
    difference = estimate((difficulty + 1) - difficulty)
    assert difference.low == pytest.approx(1)
    assert difference.high == pytest.approx(1)
