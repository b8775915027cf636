"""Style, parts and masks of a second photo in a real browser, and random masks; read from the masks and pictures."""

import numpy as np
import pytest

from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.web.api import FACES_TO_VARY
from tests.web.exchange import render_face, sample_portrait

pytestmark = pytest.mark.slow


def test_parts_of_the_second_photo_are_transferred(tab, editor):
    expected = transfer_parts(sample_portrait(editor, 0).mask, sample_portrait(editor, 1).mask, ["smile"])
    tab.page.click("button[data-part=smile]")
    tab.settle()
    np.testing.assert_array_equal(tab.mask(), expected)
    np.testing.assert_array_equal(tab.result(), editor.edit(sample_portrait(editor, 0), expected))


def test_the_style_of_the_second_photo_is_copied_with_a_strength(tab, editor):
    portrait, reference = sample_portrait(editor, 0), sample_portrait(editor, 1)
    tab.slide("strength", 100)
    np.testing.assert_array_equal(tab.result(), editor.copy_style(portrait, reference))
    assert tab.page.is_hidden("#style-parts"), "a face has one style"
    tab.slide("strength", 50)
    between = portrait._replace(style=(portrait.style + reference.style) / 2)
    assert np.abs(tab.result().astype(int) - editor.edit(between, portrait.mask)).max() <= 1


def test_the_mask_moves_towards_that_of_the_second_photo_and_back(tab, editor):
    before = tab.mask()
    tab.slide("interpolate", 50)
    expected = editor.masks_between(before, sample_portrait(editor, 1).mask, [0.5])[0]
    np.testing.assert_array_equal(tab.mask(), expected)
    tab.slide("interpolate", 0)
    np.testing.assert_array_equal(tab.mask(), before)
    assert tab.page.is_disabled("#undo")


def test_the_whole_way_of_the_slider_is_one_change(tab):
    before = tab.mask()
    for amount in (20, 40, 60):
        tab.slide("interpolate", amount)
    assert (tab.mask() != before).any()
    tab.press("Control+z")
    np.testing.assert_array_equal(tab.mask(), before)
    assert tab.page.is_disabled("#undo")


def test_a_random_mask_is_one_that_the_mask_vae_samples(tab, editor):
    with tab.page.expect_request("**/api/masks/random*") as request:
        tab.page.click("#random-mask")
    tab.settle()
    seed = int(request.value.url.rpartition("=")[2])
    codes = editor.encode_masks([render_face(number)[1] for number in range(FACES_TO_VARY)])
    np.testing.assert_array_equal(tab.mask(), editor.sample_masks(codes, 1, seed)[0])
