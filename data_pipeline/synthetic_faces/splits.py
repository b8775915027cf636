"""Splits of the faces: of every ten consecutive ones eight are for training, one for validation and one for testing.

CelebAMask-HQ is split by a photo's index in CelebA, so each face has an index there that no other face has.
"""

from data_pipeline.celeba_splits import FIRST_TEST, FIRST_VALIDATION, Split

MAX_COUNT = 10 * (FIRST_TEST - FIRST_VALIDATION)
"""Number of faces with different indices in CelebA."""


def split_of(index: int) -> Split:
    """Return the split that face number `index` belongs to."""
    match index % 10:
        case 8:
            return "validation"
        case 9:
            return "test"
        case _:
            return "train"


def celeba_index(index: int) -> int:
    """Return the index in CelebA of face number `index`, 0 to `MAX_COUNT` - 1."""
    ten, place = divmod(index, 10)
    match split_of(index):
        case "validation":
            return FIRST_VALIDATION + ten
        case "test":
            return FIRST_TEST + ten
        case _:
            return 8 * ten + place
