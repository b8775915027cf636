"""Painting in a real browser, read from the masks and pictures that the page gives back."""

import numpy as np
import pytest

from data_pipeline.labels import MIRRORED
from tests.web.browser import label
from tests.web.exchange import SIZE, sample_portrait

pytestmark = pytest.mark.slow


def test_a_stroke_paints_hard_edged_labels_and_draws_their_picture(tab, editor):
    before = tab.mask()
    tab.choose("hat")
    tab.brush(8)
    tab.drag((20, 30), (40, 30))
    after = tab.mask()
    assert (after[30, 20:41] == label("hat")).all()
    rows, columns = np.nonzero(after != before)
    assert rows.min() >= 25
    assert rows.max() <= 35
    assert columns.min() >= 15
    assert columns.max() <= 45
    assert set(np.unique(after)) <= {*np.unique(before), label("hat")}
    np.testing.assert_array_equal(tab.result(), editor.edit(sample_portrait(editor, 0), after))


def test_the_bucket_fills_one_area_and_undo_and_redo_go_back_and_forth(tab):
    before = tab.mask()
    tab.tool("bucket")
    tab.choose("cloth")
    tab.click((1, 1))
    filled = tab.mask()
    changed = filled != before
    assert changed[1, 1]
    assert (filled[changed] == label("cloth")).all()
    assert (before[changed] == before[1, 1]).all()
    tab.press("Control+z")
    np.testing.assert_array_equal(tab.mask(), before)
    tab.press("Control+Shift+z")
    np.testing.assert_array_equal(tab.mask(), filled)


def test_every_one_of_many_strokes_can_be_undone(tab):
    before = tab.mask()
    tab.brush(2)
    for row in range(2, 62, 3):
        tab.drag((2, row), (60, row))
    assert (tab.mask() != before).sum() > 500
    for _ in range(20):
        tab.press("Control+z")
    np.testing.assert_array_equal(tab.mask(), before)


def test_an_undo_during_a_stroke_ends_the_stroke_first(tab):
    before = tab.mask()
    tab.choose("hat")
    box = tab.page.locator("#mask-canvas").bounding_box()
    tab.page.mouse.move(box["x"] + 20, box["y"] + 20)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 120, box["y"] + 20, steps=3)
    tab.press("Control+z")
    tab.page.mouse.move(box["x"] + 220, box["y"] + 20, steps=3)
    tab.page.mouse.up()
    np.testing.assert_array_equal(tab.mask(), before)
    tab.press("Control+Shift+z")
    assert set(np.unique(tab.mask())) <= {*np.unique(before), label("hat")}


def test_a_polygon_fills_what_is_inside(tab):
    before = tab.mask()
    tab.tool("polygon")
    tab.choose("hat")
    for corner in ((10, 10), (50, 10), (10, 50)):
        tab.click(corner)
    tab.press("Enter")
    mask = tab.mask()
    rows, columns = np.indices(mask.shape)
    inside = (rows >= 11) & (columns >= 11) & (rows + columns <= 59)
    outside = (rows <= 9) | (columns <= 9) | (rows + columns >= 61)
    assert (mask[inside] == label("hat")).all()
    np.testing.assert_array_equal(mask[outside], before[outside])


def test_mirrored_painting_swaps_left_and_right_parts(tab):
    tab.page.check("#mirror")
    tab.choose("l_brow")
    tab.brush(2)
    tab.click((10, 20))
    mask = tab.mask()
    assert mask[20, 10] == label("l_brow")
    assert mask[20, SIZE - 1 - 10] == label("r_brow") == MIRRORED[label("l_brow")]


def test_a_mirrored_bucket_fills_an_area_that_lies_on_both_sides_once(tab):
    tab.tool("bucket")
    tab.choose("l_ear")
    tab.page.check("#mirror")
    before = tab.mask()
    tab.click((1, 1))
    background = before == before[1, 1]
    assert background[1, SIZE - 2], "the area lies on both sides"
    after = tab.mask()
    assert (after[1, [1, SIZE - 2]] == label("l_ear")).all()
    assert not ((after == label("r_ear")) & background).any()


def test_the_pick_tool_takes_a_class_and_the_eraser_brings_the_original_mask_back(tab):
    before = tab.mask()
    row, column = np.argwhere(before == label("neck"))[0]
    tab.tool("pick")
    tab.click((column, row))
    tab.tool("brush")
    tab.brush(10)
    tab.click((5, 5))
    assert tab.mask()[5, 5] == label("neck")
    tab.tool("erase")
    tab.brush(30)
    tab.click((5, 5))
    np.testing.assert_array_equal(tab.mask(), before)


def test_painting_hits_the_pixel_under_the_pointer_after_zooming(tab):
    before = tab.mask()
    tab.brush(1)
    tab.choose("hat")
    tab.page.click("#zoom-in")
    tab.page.click("#zoom-in")  # 2.25 times about the middle
    tab.click_canvas(0.5 + 2.25 * (40.5 / SIZE - 0.5), 0.5 + 2.25 * (25.5 / SIZE - 0.5))
    assert np.argwhere(tab.mask() != before).tolist() == [[25, 40]]
