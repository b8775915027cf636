"""Distances between two sets of features: Fréchet (FID) and kernel (KID); in float64."""

import numpy as np
from jaxtyping import Float


def frechet_distance(first: Float[np.ndarray, "n k"], second: Float[np.ndarray, "m j"]) -> float:
    """Return the squared Fréchet distance of the normal distributions fitted to two sets (FID: Heusel et al. 2017).

    |m_1 - m_2|^2 + Tr S_1 + Tr S_2 - 2 Tr (S_1 S_2)^(1/2). With centred features A and B the last trace is the nuclear
    norm of A B^T / sqrt((n_1 - 1) (n_2 - 1)): no square root of a matrix, exact for fewer examples than features, too.

    Raises:
      ValueError: a set has fewer than two examples, or the sets have features of different lengths.
    """
    _check(first, second)
    means, roots = zip(*map(_mean_and_root, (first, second)), strict=True)
    shift = np.square(means[0] - means[1]).sum()
    spread = sum(np.square(root).sum() for root in roots)
    overlap = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    return float(shift + spread - 2 * overlap)


def kernel_distance(first: Float[np.ndarray, "n k"], second: Float[np.ndarray, "m j"]) -> float:
    """Return the unbiased squared maximum mean discrepancy of the kernel (x y / k + 1)^3 (KID: Binkowski et al. 2018).

    Its expectation does not depend on the number of examples; for sets of one distribution it is 0 on average, so that
    values below 0 occur.

    Raises:
      ValueError: as for `frechet_distance`.
    """
    _check(first, second)
    first, second = (np.asarray(features, np.float64) for features in (first, second))

    def kernel(a: Float[np.ndarray, "n k"], b: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n m"]:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def mean_of_others(values: Float[np.ndarray, "n n"]) -> float:
        n = len(values)
        return (values.sum() - np.trace(values)) / (n * (n - 1))

    within = mean_of_others(kernel(first, first)) + mean_of_others(kernel(second, second))
    return float(within - 2 * kernel(first, second).mean())


def _mean_and_root(features: Float[np.ndarray, "n k"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "m k"]]:
    """Return the mean, and a matrix R of at most k rows with R^T R the covariance."""
    features = np.asarray(features, np.float64)
    mean = features.mean(0)
    centred = (features - mean) / np.sqrt(len(features) - 1)
    return mean, centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred, mode="r")


def _check(first: Float[np.ndarray, "n k"], second: Float[np.ndarray, "m j"]) -> None:
    if min(len(first), len(second)) < 2:
        raise ValueError(f"two sets of {len(first)} and {len(second)} examples: each needs two or more")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"features of {first.shape[1]} and {second.shape[1]} entries can't be compared")
