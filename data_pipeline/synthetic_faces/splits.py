"""Which faces are held out: of every ten in a row, eight train, one validates and one tests, whatever the count.

CelebAMask-HQ splits by the photo's index in CelebA, so each face is given one there, used by no other face.
"""

from typing import Literal

Split = Literal["train", "validation", "test"]

_FIRST_VALIDATION, _FIRST_TEST = 162_771, 182_638
MAX_COUNT = 10 * (_FIRST_TEST - _FIRST_VALIDATION)
"""How many faces have an index in CelebA of their own."""


def split_of(index: int) -> Split:
    """The split that face number `index` belongs to."""
    match index % 10:
        case 8:
            return "validation"
        case 9:
            return "test"
        case _:
            return "train"


def celeba_index(index: int) -> int:
    """The index in CelebA that puts face number `index`, 0 to `MAX_COUNT` - 1, into its split."""
    ten, place = divmod(index, 10)
    match split_of(index):
        case "validation":
            return _FIRST_VALIDATION + ten
        case "test":
            return _FIRST_TEST + ten
        case _:
            return 8 * ten + place
