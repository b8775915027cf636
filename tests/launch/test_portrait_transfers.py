"""Transfers of a part between held-out faces: their true results, and what needs no training."""

import numpy as np
import pytest

from data_pipeline.labels import CLASSES
from launch.portrait_editing.transfers import PARTS, baselines, held_out_transfers, scores, shows
from maskgan_jax.tasks.portrait_editing import labels


@pytest.mark.parametrize("part", PARTS)
def test_the_truth_differs_inside_the_part_alone_and_has_the_colours_of_the_reference(part):
    transfers = held_out_transfers(part, seed=0, size=64, count=6)

    for each in transfers:
        np.testing.assert_array_equal(each.truth[~each.region], each.photo[~each.region])
        assert (each.truth[each.region] != each.photo[each.region]).any()
        assert shows(each.reference_mask, part).any()
    moved = scores([each.truth for each in transfers], transfers)[:, 2]
    assert moved.mean() >= 0.5
    unchanged = scores([each.photo for each in transfers], transfers)
    assert not unchanged[:, 2].any()


def test_a_transfer_of_hair_changes_its_colour_and_nothing_of_the_skin():
    for each in held_out_transfers("hair", seed=0, size=64, count=3):
        face = np.isin(each.mask, [CLASSES.index(name) for name in ("skin", "nose", "mouth")])
        np.testing.assert_array_equal(each.truth[face], each.photo[face])


def test_the_baselines_have_the_reference_s_mean_colour_in_the_part():
    transfers = held_out_transfers("hair", seed=0, size=64, count=2)
    results = baselines(transfers)
    for place, each in enumerate(transfers):
        wanted = each.reference_photo[shows(each.reference_mask, "hair")].mean(0)
        painted, shifted = (results[name][place] for name in list(results)[1:])
        np.testing.assert_allclose(painted[each.region].mean(0), wanted, atol=0.5)
        np.testing.assert_array_equal(painted[~each.region], each.photo[~each.region])
        assert shifted[each.region].std() > painted[each.region].std()


def test_the_parts_of_the_faces_are_those_of_the_codes():
    for part, (classes, _) in PARTS.items():
        codes = {"eyes": ("left_eye", "right_eye")}.get(part, (part,))
        assert {name for code in codes for name in labels.PARTS[code]} == set(classes)
