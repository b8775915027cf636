"""The photos that are open: bounded in number, bytes and age, the one that was not used for longest goes first."""

import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.editing.editor import Portrait
from maskgan_jax.editing.session import open_photo
from maskgan_jax.web.photo_store import OpenPhoto, PhotoStore


def photo(size: int = 10, value: int = 0) -> OpenPhoto:
    """Return a square photo with a mask; its pixels are `value`."""
    mask = np.zeros((size, size), np.uint8)
    subject = open_photo(np.full((size, size, 3), value, np.uint8), mask)
    return OpenPhoto(Portrait(subject, mask, jnp.zeros((1, 4))))


class Clock:
    """Seconds that pass only when told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def is_open(store: PhotoStore, token: str) -> bool:
    """Return whether a photo is kept; it counts as a use."""
    try:
        store.get(token)
    except KeyError:
        return False
    return True


def test_a_photo_is_got_by_its_token():
    store, first, second = PhotoStore(), photo(value=1), photo(value=2)
    tokens = store.add(first), store.add(second)
    assert (store.get(tokens[0]), store.get(tokens[1])) == (first, second)
    assert len(store) == 2


def test_tokens_are_long_and_differ():
    store = PhotoStore()
    tokens = [store.add(photo()) for _ in range(50)]
    assert len(set(tokens)) == 50
    assert min(map(len, tokens)) >= 22  # 128 bits, 6 in a character


@pytest.mark.parametrize("token", ["", "unknown", "../photo"])
def test_an_unknown_token_is_a_key_error(token):
    with pytest.raises(KeyError):
        PhotoStore().get(token)


def test_the_bytes_of_a_photo_are_those_of_its_pixels_and_masks():
    opened = photo(10)
    assert opened.bytes == 300 + 300 + 100 + 100  # photo, face, mask given, mask to paint in
    background = (np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8), np.uint8))
    kept = opened._replace(portrait=opened.portrait._replace(background=background))
    assert kept.bytes == opened.bytes + 192 + 64


def test_the_oldest_goes_when_there_are_too_many():
    store = PhotoStore(max_photos=2)
    first, second, third = (store.add(photo()) for _ in range(3))
    assert [is_open(store, token) for token in (first, second, third)] == [False, True, True]
    assert len(store) == 2


def test_the_oldest_go_when_their_bytes_are_too_many():
    store = PhotoStore(max_bytes=3 * photo(10).bytes)
    small = [store.add(photo(10)) for _ in range(3)]
    assert len(store) == 3
    store.add(photo(12))  # as large as one and a half
    assert [is_open(store, token) for token in small] == [False, False, True]


def test_a_photo_larger_than_the_bound_is_open_alone():
    store = PhotoStore(max_bytes=10)
    small, large = store.add(photo(1)), store.add(photo(10))
    assert [is_open(store, token) for token in (small, large)] == [False, True]


def test_a_photo_that_was_not_used_for_too_long_goes():
    clock = Clock()
    store = PhotoStore(max_age=60.0, clock=clock)
    token = store.add(photo())
    clock.now += 61
    assert not is_open(store, token)
    assert len(store) == 0


def test_a_use_makes_a_photo_young_again():
    clock = Clock()
    store = PhotoStore(max_age=60.0, clock=clock)
    used, unused = store.add(photo()), store.add(photo())
    clock.now += 40
    store.get(used)
    clock.now += 40
    assert [is_open(store, token) for token in (used, unused)] == [True, False]


def test_a_used_photo_stays_when_another_has_to_go():
    store = PhotoStore(max_photos=2)
    used, unused = store.add(photo()), store.add(photo())
    store.get(used)
    store.add(photo())
    assert [is_open(store, token) for token in (used, unused)] == [True, False]


def test_a_new_photo_drives_out_those_that_are_too_old():
    clock = Clock()
    store = PhotoStore(max_age=60.0, clock=clock)
    store.add(photo())
    clock.now += 61
    store.add(photo())
    assert len(store) == 1


def test_a_replaced_photo_has_the_same_token_and_counts_once():
    store = PhotoStore(max_bytes=2 * photo(10).bytes)
    kept, replaced = store.add(photo(10)), store.add(photo(10, value=1))
    for value in range(2, 5):
        store.replace(replaced, photo(10, value))
    assert store.get(replaced).portrait.subject.photo.max() == 4
    assert is_open(store, kept)


def test_a_replacement_is_a_use():
    clock = Clock()
    store = PhotoStore(max_age=60.0, clock=clock)
    token = store.add(photo())
    clock.now += 40
    store.replace(token, photo())
    clock.now += 40
    assert is_open(store, token)


def test_a_forgotten_photo_is_no_longer_open():
    store = PhotoStore()
    token = store.add(photo())
    assert list(store) == [token]
    store.forget(token)
    store.forget(token)
    assert not is_open(store, token)
