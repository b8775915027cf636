"""What several tests do with batches."""

import itertools
from collections.abc import Sequence

import numpy as np

from data_pipeline.input_pipeline import Batch, train_batches


def first_batches(count: int, *args, **kwargs) -> list[Batch]:
    """Return the first training batches; arguments are those of `train_batches`."""
    return list(itertools.islice(train_batches(*args, **kwargs), count))


def assert_equal_batches(ones: Sequence[Batch], others: Sequence[Batch]) -> None:
    """Assert that two sequences of batches have the same entries with the same values."""
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


def concatenated(shares: Sequence[Sequence[Batch]]) -> list[Batch]:
    """Return the global batches from every process's shares of them."""
    return [
        {key: np.concatenate([share[key] for share in of_step]) for key in of_step[0]}
        for of_step in zip(*shares, strict=True)
    ]
