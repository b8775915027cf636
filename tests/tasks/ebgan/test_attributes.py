"""Which attributes a region covers, on a face that is drawn as text."""

import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.celeba_attributes import ATTRIBUTES as CELEBA
from data_pipeline.labels import CLASSES
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES, covers, read_attributes

FACE = """
    . . b b . b b .
    . s e s s e s .
    . s s n n s s .
    . s s n n s s .
    . s s s s s s .
    . s u u u u s .
    . s l l l l s .
    . . s s s s . .
"""
NAMES = {".": "background", "b": "l_brow", "e": "r_eye", "s": "skin", "n": "nose", "u": "u_lip", "l": "l_lip"}
LABELS = np.array([[CLASSES.index(NAMES[each]) for each in line.split()] for line in FACE.strip().splitlines()])


def covered(top: int, bottom: int, left: int, right: int, labels: np.ndarray = LABELS) -> set[str]:
    """Return what a rectangle covers."""
    region = np.zeros(labels.shape, bool)
    region[top:bottom, left:right] = True
    flags = covers(jnp.asarray(region[None]), jnp.asarray(labels[None].astype(np.uint8)), list(ATTRIBUTES))[0]
    return {name for name, flag in zip(ATTRIBUTES, flags, strict=True) if flag}


MOUTH = {"Mouth_Slightly_Open", "Smiling", "Wearing_Lipstick"}
BROWS = {"Bushy_Eyebrows", "Arched_Eyebrows"}


@pytest.mark.parametrize(
    ("rectangle", "expected"),
    [
        ((5, 7, 2, 6), MOUTH),
        ((5, 7, 2, 5), set()),  # three quarters of the mouth
        ((4, 7, 2, 6), MOUTH | {"Mustache"}),  # from the nose down
        ((4, 8, 0, 8), MOUTH | {"Mustache", "Beard"}),
        ((0, 1, 0, 8), BROWS),
        ((0, 2, 0, 8), BROWS | {"Eyeglasses"}),
        ((0, 8, 0, 8), set(ATTRIBUTES)),
        ((0, 0, 0, 0), set()),
    ],
)
def test_a_region_covers_an_attribute_with_the_part_that_shows_it(rectangle, expected):
    assert covered(*rectangle) == expected


def test_a_face_without_a_part_shows_nothing_there():
    without_nose = np.where(CLASSES.index("nose") == LABELS, CLASSES.index("skin"), LABELS)
    assert covered(0, 8, 0, 8, without_nose) == MOUTH | BROWS | {"Eyeglasses"}
    assert covered(0, 8, 0, 8, np.zeros_like(LABELS)) == set()


def test_attributes_have_celebas_columns_and_a_beard_is_no_no_beard():
    attributes = np.zeros((1, 40), np.int8)
    attributes[0, CELEBA.index("Smiling")] = 1
    attributes[0, CELEBA.index("No_Beard")] = 1
    attributes[0, CELEBA.index("Eyeglasses")] = -1
    found = read_attributes(jnp.asarray(attributes), ["Beard", "Smiling", "Mustache", "Eyeglasses"])
    np.testing.assert_array_equal(found, [[-1, 1, 0, -1]])
