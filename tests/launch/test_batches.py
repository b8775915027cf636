"""Functions of batches on any number of rows."""

import numpy as np

from launch import batches


def test_rows_are_computed_in_batches_of_one_size_and_none_is_made_up(monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 3)
    sizes = []

    def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        sizes.append((len(a), len(b)))
        return a + b

    a, b = np.arange(14).reshape(7, 2), np.arange(7)[:, None]
    np.testing.assert_array_equal(batches.in_batches(add, a, b), a + b)
    assert sizes == [(3, 3)] * 3
