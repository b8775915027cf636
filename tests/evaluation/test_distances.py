"""Distances between sets, against the formulas written out, and distributions whose distance is known."""

from itertools import product

import numpy as np
import pytest
from scipy import linalg

from maskgan_jax.evaluation.distances import frechet_distance, kernel_distance


def by_the_formula(first: np.ndarray, second: np.ndarray) -> float:
    """Heusel et al. 2017 as pytorch-fid computes it: with the square root of a matrix."""
    covariances = [np.cov(features, rowvar=False) for features in (first, second)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    shift = first.mean(0) - second.mean(0)
    return shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root)


def sample(count: int, size: int, seed: int, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal((count, size)) @ rng.standard_normal((size, size))).astype(np.float32)


def with_moments(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return a sample whose mean and covariance are exactly these."""
    values = np.random.default_rng(seed).standard_normal((count, len(mean)))
    values -= values.mean(0)
    whitened = values @ np.linalg.inv(np.linalg.cholesky(np.cov(values, rowvar=False))).T
    return mean + whitened @ np.linalg.cholesky(covariance).T


def test_frechet_distance_is_that_of_the_formula():
    first, second = sample(400, 12, 0), sample(300, 12, 1, scale=1.5)
    assert frechet_distance(first, second) == pytest.approx(by_the_formula(first, second), rel=1e-6)


def test_frechet_distance_of_known_normal_distributions():
    """With covariances that commute it is |m_1 - m_2|^2 + sum (s_1 - s_2)^2 over the deviations."""
    first = with_moments(np.array([1.0, 2, 3]), np.diag([4.0, 9, 1]), 50, seed=0)
    second = with_moments(np.array([1.0, 0, 3]), np.diag([1.0, 9, 16]), 70, seed=1)
    assert frechet_distance(first, second) == pytest.approx(4 + 1 + 0 + 9, rel=1e-9)


@pytest.mark.parametrize("count", [10, 400])
def test_a_set_is_at_frechet_distance_0_of_itself(count):
    features = sample(count, 64, 0)
    assert abs(frechet_distance(features, features)) < 1e-6


def test_frechet_distance_of_fewer_examples_than_features():
    """Rotated into the few dimensions that both sets span, it is the same distance, by the formula."""
    first, second = sample(5, 5, 0), sample(6, 5, 1)
    rotation = np.linalg.qr(np.random.default_rng(2).standard_normal((40, 5)))[0]
    embedded = [(features @ rotation.T).astype(np.float64) for features in (first, second)]
    assert frechet_distance(*embedded) == pytest.approx(by_the_formula(first, second), rel=1e-5)


def test_kernel_distance_written_out():
    first, second = sample(5, 3, 0), sample(4, 3, 1)

    def kernel(x, y):
        return (float(x.astype(np.float64) @ y.astype(np.float64)) / 3 + 1) ** 3

    def mean(values):
        values = list(values)
        return sum(values) / len(values)

    within = [
        mean(kernel(features[i], features[j]) for i, j in product(range(len(features)), repeat=2) if i != j)
        for features in (first, second)
    ]
    between = mean(kernel(x, y) for x, y in product(first, second))
    assert kernel_distance(first, second) == pytest.approx(sum(within) - 2 * between, rel=1e-9)


def test_kernel_distance_of_one_distribution_is_0_on_average():
    rng = np.random.default_rng(0)
    values = [kernel_distance(*rng.standard_normal((2, 20, 8))) for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert kernel_distance(rng.standard_normal((20, 8)), rng.standard_normal((20, 8)) + 1) > 5 * np.std(values)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("shapes", "message"), [(((1, 3), (5, 3)), "each needs two or more"), (((4, 3), (4, 5)), "of 3 and 5 entries")]
)
def test_sets_that_can_not_be_compared_are_refused(distance, shapes, message):
    with pytest.raises(ValueError, match=message):
        distance(*(np.zeros(shape) for shape in shapes))
