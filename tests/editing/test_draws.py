"""Random choice of the faces that new faces are made of."""

from collections import Counter

import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.editing.draws import draw_pairs, draw_sources


def test_new_faces_are_all_different_and_made_of_every_face():
    rows = draw_sources(total=3, count=81, parts=4, seed=0)
    assert rows.shape == (81, 4)
    assert {tuple(row) for row in rows.tolist()} == {tuple(index) for index in np.ndindex(3, 3, 3, 3)}


def test_whole_faces_are_drawn_without_repetition():
    rows = draw_sources(total=30_000, count=1_000, parts=1, seed=0)
    assert rows.shape == (1_000, 1)
    assert len(np.unique(rows)) == 1_000
    assert 0 <= rows.min() < 1_000 < 29_000 < rows.max() < 30_000


def test_parts_of_a_whole_data_set_are_mixed_without_listing_all_faces():
    rows = draw_sources(total=30_000, count=8, parts=4, seed=0)
    assert len(np.unique(rows)) > 16


def test_the_seed_decides():
    first, again, other = (draw_sources(9, 5, 4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (1, "--count=17: 2 photos make 2 different faces; give more photos, or mix their parts: --mix-parts"),
        (4, "--count=17: 2 photos make 16 different faces; give more photos$"),
    ],
)
def test_more_faces_than_there_are_is_refused(parts, message):
    with pytest.raises(UserError, match=message):
        draw_sources(total=2, count=17, parts=parts, seed=0)


def test_masks_are_used_equally_often_with_other_faces_of_their_group():
    groups = [[3, 5, 9, 11], [2, 4], [7]]
    pairs = draw_pairs(groups, count=21, parts=4, seed=0)

    uses = Counter(pair.mask for pair in pairs)
    assert uses.keys() == {2, 3, 4, 5, 9, 11}, "7 is alone in its group"
    assert sorted(uses.values()) == [3, 3, 3, 4, 4, 4]
    for pair in pairs:
        assert len(pair.sources) == 4
        (group,) = (group for group in groups if pair.mask in group)
        assert set(pair.sources) <= set(group) - {pair.mask}
    assert {source for pair in pairs for source in pair.sources} == uses.keys()


def test_a_larger_number_of_pairs_begins_with_the_smaller():
    fewer, more = (draw_pairs([range(10)], count, parts=1, seed=4) for count in (7, 25))
    assert more[:7] == fewer


def test_a_single_face_makes_no_pair():
    with pytest.raises(UserError, match="no two photos to make a new face of"):
        draw_pairs([[1], [2]], count=1, parts=1, seed=0)
