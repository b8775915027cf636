"""The page in a real browser: photos, projects, results, failures; read from the masks and pictures."""

import json

import numpy as np
import pytest
from PIL import Image

from maskgan_jax.photos.files import read_photo
from maskgan_jax.photos.scaling import scale_mask
from tests.web.browser import write_face
from tests.web.exchange import SIZE, sample_portrait

pytestmark = pytest.mark.slow


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


def test_a_project_of_version_1_is_opened(tab, tmp_path):
    before = tab.mask()
    tab.choose("hat")
    tab.drag((10, 10), (50, 12))
    mask = tab.mask()
    content = json.loads(tab.save("#save-project", tmp_path / "project.json").read_text())
    photos = content.pop("photos")
    content |= {"version": 1, "photo": photos[content["photo"]], "reference": photos[content["reference"]]}
    content |= {"done": [change["runs"] for change in content["done"]]}
    (tmp_path / "old.json").write_text(json.dumps(content))
    tab.reload()
    tab.choose_file("#open-project", tmp_path / "old.json")
    np.testing.assert_array_equal(tab.mask(), mask)
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
    result, face_shown = tab.result().astype(int), sample_portrait(editor, 0).subject.face
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
    np.testing.assert_array_equal(tab.result(), editor.edit(sample_portrait(editor, 0), tab.mask()))


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


def test_without_networks_for_exemplars_there_is_nothing_to_fill(tab):
    assert tab.page.is_hidden("#filling")
    tab.press("r")
    assert tab.page.get_attribute("button[data-tool=brush]", "aria-pressed") == "true"
