"""Compare trees of a step in float64 with PyTorch's.

The two differ by rounding, 1e-14 of a tensor's largest entry; 1e-9 is allowed.
"""

import jax
import numpy as np
from jaxtyping import PyTree

TOLERANCE = 1e-9
"""Allowed difference, in parts of a tensor's largest entry."""

NO_GRADIENT = 1e-12
"""A tensor whose gradient is smaller, in parts of its network's largest, has none but rounding error.

It is a bias before a norm. Adam divides rounding error by its size, so both sides move the bias at random, by much less
than the learning rate.
"""


def by_path(tree: PyTree) -> dict[str, np.ndarray]:
    """Return a tree's arrays by their paths joined by slashes."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def assert_near(ours: PyTree, theirs: PyTree, floors: dict[str, float]) -> None:
    """Compare tensor by tensor; `floors` are absolute tolerances by path."""
    ours, theirs = by_path(ours), by_path(theirs)
    assert ours.keys() == theirs.keys()
    for path, their in theirs.items():
        assert ours[path].dtype == np.float64, path
        allowed = TOLERANCE * np.abs(their).max() + floors.get(path, 0.0)
        np.testing.assert_allclose(ours[path], their, rtol=0, atol=allowed, err_msg=path)


def without_gradient(moments: PyTree) -> dict[str, float]:
    """Return the paths of a network's tensors that have no gradient, with the largest rounding error to expect."""
    tensors = by_path(moments)
    limit = NO_GRADIENT * max(np.abs(tensor).max() for tensor in tensors.values())
    return {path: limit for path, tensor in tensors.items() if np.abs(tensor).max() < limit}
