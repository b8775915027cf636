"""CelebA's own partition, by which CelebAMask-HQ is split."""

from typing import Literal

Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
FIRST_VALIDATION, FIRST_TEST = 162_771, 182_638
"""First indices of the validation and the test split."""


def split_of(celeba_index: int) -> Split:
    """Return the split of a photo by its index in CelebA."""
    if celeba_index >= FIRST_TEST:
        return "test"
    return "validation" if celeba_index >= FIRST_VALIDATION else "train"
