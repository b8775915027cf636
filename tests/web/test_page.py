"""The page in a real browser: what its tools do, read from the masks and pictures that it gives back."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from data_pipeline.labels import MIRRORED
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.photos.files import read_photo
from maskgan_jax.photos.scaling import scale_mask
from maskgan_jax.web.api import FACES_TO_VARY, Api, render_sample
from tests.web.browser import Tab, find_chromium, label, serving, write_face

pytestmark = pytest.mark.slow
SIZE = 64
"""Of the masks of the tiny runs."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        message = "no Chromium: the page is NOT tested; install it, such as with apt-get install chromium"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def api(editor: Editor) -> Api:
    return Api(editor)


@pytest.fixture(scope="module")
def address(api: Api) -> Iterator[str]:
    with serving(api) as address:
        yield address


@pytest.fixture
def tab(browser: Browser, address: str, tmp_path: Path) -> Iterator[Tab]:
    """The page in a new tab: the first sample face, and the second one beside it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Tab(context.new_page(), address, SIZE, tmp_path)
    context.close()


def sample(editor: Editor, number: int) -> Portrait:
    """Return a sample face as the server opens it."""
    portrait = editor.portrait(*render_sample(number, 128))
    return portrait._replace(mask=scale_mask(portrait.mask, SIZE))


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
    np.testing.assert_array_equal(tab.result(), editor.edit(sample(editor, 0), after))


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


def test_parts_of_the_second_photo_are_transferred(tab, editor):
    expected = transfer_parts(sample(editor, 0).mask, sample(editor, 1).mask, ["smile"])
    tab.page.click("button[data-part=smile]")
    tab.settle()
    np.testing.assert_array_equal(tab.mask(), expected)
    np.testing.assert_array_equal(tab.result(), editor.edit(sample(editor, 0), expected))


def test_the_style_of_the_second_photo_is_copied_with_a_strength(tab, editor):
    portrait, reference = sample(editor, 0), sample(editor, 1)
    tab.slide("strength", 100)
    np.testing.assert_array_equal(tab.result(), editor.copy_style(portrait, reference))
    tab.slide("strength", 50)
    between = portrait._replace(style=(portrait.style + reference.style) / 2)
    assert np.abs(tab.result().astype(int) - editor.edit(between, portrait.mask)).max() <= 1


def test_the_mask_moves_towards_that_of_the_second_photo_and_back(tab, editor):
    before = tab.mask()
    tab.slide("interpolate", 50)
    expected = editor.masks_between(before, sample(editor, 1).mask, [0.5])[0]
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
    codes = editor.encode_masks([render_sample(number, 128)[1] for number in range(FACES_TO_VARY)])
    np.testing.assert_array_equal(tab.mask(), editor.sample_masks(codes, 1, seed)[0])


def test_an_uploaded_photo_is_parsed_and_kept_outside_the_edit(tab, editor, tmp_path):
    path = write_face(tmp_path / "me.png", 9)
    tab.open_photo(path)
    portrait = editor.portrait(read_photo(path))
    np.testing.assert_array_equal(tab.mask(), scale_mask(portrait.mask, SIZE))
    tab.page.check("#keep")
    tab.slide("feather", 4)
    tab.choose("hat")
    tab.brush(6)
    tab.click((32, 8))
    whole, photo = tab.picture("#save-whole"), read_photo(path)
    assert whole.shape == photo.shape
    assert (whole != photo).any()
    np.testing.assert_array_equal(whole[128:], photo[128:])


def test_a_photo_that_is_aligned_already_is_not_cut_out(tab, editor, tmp_path):
    path = write_face(tmp_path / "me.png", 9)
    tab.page.check("#aligned")
    tab.open_photo(path)
    mask = tab.mask()
    np.testing.assert_array_equal(mask, scale_mask(editor.parse(read_photo(path)), SIZE))
    assert (mask != scale_mask(editor.portrait(read_photo(path)).mask, SIZE)).any()


def test_a_pasted_photo_is_opened(tab, editor, tmp_path):
    path = write_face(tmp_path / "pasted.png", 19)
    tab.paste(path)
    expected = editor.portrait(read_photo(path)).mask
    np.testing.assert_array_equal(tab.mask(), scale_mask(expected, SIZE))


def test_of_two_faces_the_chosen_one_is_edited(tab, editor, tmp_path):
    path = write_face(tmp_path / "two.png", 9, 19)
    tab.open_photo(path, wait=False)
    tab.page.click("#face-boxes button[aria-label='Face 2']")
    tab.settle()
    expected = editor.portrait(read_photo(path), face=1).mask
    np.testing.assert_array_equal(tab.mask(), scale_mask(expected, SIZE))


def test_of_two_photos_with_several_faces_the_latter_is_asked_about(tab, editor, tmp_path):
    tab.open_photo(write_face(tmp_path / "first.png", 19, 9), wait=False)
    tab.page.wait_for_selector("#faces[open]")
    path = write_face(tmp_path / "second.png", 9, 19)
    shown = tab.page.get_attribute("#face-boxes img", "src")
    tab.paste(path, wait=False)
    tab.page.wait_for_function("(src) => document.querySelector('#face-boxes img').src !== src", arg=shown)
    tab.page.click("#face-boxes button[aria-label='Face 2']")
    tab.settle()
    expected = editor.portrait(read_photo(path), face=1).mask
    np.testing.assert_array_equal(tab.mask(), scale_mask(expected, SIZE))


def test_a_saved_project_opens_again_with_its_changes(tab, tmp_path):
    before = tab.mask()
    tab.choose("hat")
    tab.brush(12)
    tab.drag((10, 10), (50, 12))
    tab.slide("strength", 40)
    mask, result = tab.mask(), tab.result()
    project = tab.save("#save-project", tmp_path / "project.json")
    assert json.loads(project.read_text())["format"] == "maskgan_jax project"
    tab.reload()
    np.testing.assert_array_equal(tab.mask(), before)
    tab.choose_file("#open-project", project)
    np.testing.assert_array_equal(tab.mask(), mask)
    np.testing.assert_array_equal(tab.result(), result)
    tab.press("Control+z")
    np.testing.assert_array_equal(tab.mask(), before)


def test_a_damaged_project_is_refused_in_one_line_and_nothing_changes(tab, tmp_path):
    before = tab.mask()
    damaged = {"format": "maskgan_jax project", "version": 1, "size": SIZE, "mask": "AAAA", "done": [], "undone": []}
    (tmp_path / "bad.json").write_text(json.dumps(damaged))
    tab.choose_file("#open-project", tmp_path / "bad.json")
    assert tab.page.inner_text("#error") == "bad.json is damaged; nothing was opened"
    np.testing.assert_array_equal(tab.mask(), before)


def test_before_and_after_and_their_difference_are_shown(tab, editor):
    result, face_shown = tab.result().astype(int), sample(editor, 0).subject.face
    photo = np.asarray(Image.fromarray(face_shown).resize((SIZE, SIZE), Image.Resampling.BOX)).astype(int)
    assert np.abs(tab.canvas("result-canvas", SIZE) - result).mean() < 12
    tab.slide("compare", 100)
    assert np.abs(tab.canvas("result-canvas", SIZE) - photo).mean() < 3
    tab.press("d")
    three_times = np.minimum(3 * np.abs(result - photo), 255)
    assert np.abs(tab.canvas("result-canvas", SIZE) - three_times).mean() < 30


def test_a_photo_that_the_server_forgot_is_opened_again(tab, editor, api):
    for token in list(api.photos):
        api.photos.forget(token)
    tab.choose("hat")
    tab.brush(8)
    tab.click((32, 10))
    np.testing.assert_array_equal(tab.result(), editor.edit(sample(editor, 0), tab.mask()))


def test_an_upload_that_is_no_photo_is_one_clear_line(tab, tmp_path):
    (tmp_path / "notes.png").write_text("not a photo")
    tab.open_photo(tmp_path / "notes.png")
    assert tab.page.inner_text("#error") == "the photo: not an image that can be read; give a JPEG or PNG or WEBP"


def test_no_request_leaves_the_machine(tab):
    tab.page.click("#random-style")
    tab.settle()
    assert len(tab.requests) > 10
    assert all(url.startswith((tab.address, f"blob:{tab.address}")) for url in tab.requests)


def test_the_page_says_that_its_model_knows_synthetic_faces_only(tab):
    assert "trained on synthetic faces" in tab.page.inner_text("#note")
