"""A region of the photo filled as the second one shows it, on the page in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from tests.web.browser import Tab
from tests.web.exchange import SIZE, render_face, sample_portrait

pytestmark = pytest.mark.slow

FEATHER = 8
"""Where the page's slider begins."""


@pytest.fixture(scope="module")
def editor(random_editor) -> Editor:
    return random_editor


@pytest.fixture(scope="module")
def exemplars(random_runs: Path) -> ExemplarEditor:
    return ExemplarEditor(random_runs / "att_ebgan")


@pytest.fixture
def smiling(exemplars, monkeypatch) -> None:
    """Let the classifier say that every face smiles and has a beard."""
    logits = [[1.0 if name in ("Smiling", "Beard") else -1.0 for name in exemplars.attributes]]
    monkeypatch.setitem(exemplars.__dict__, "_classify", lambda _: np.array(logits))


@pytest.fixture(scope="module")
def faces(editor) -> tuple[Opened, Opened]:
    """The face that is edited and the second one, as the server opens them."""
    portraits = [sample_portrait(editor, number) for number in (0, 1)]
    return tuple(Opened(each.subject, each.mask) for each in portraits)


def press(tab: Tab, name: str) -> None:
    """Press a button of the panel by its name."""
    tab.page.get_by_role("region", name="Fill a region").get_by_role("button", name=name, exact=True).click()
    tab.settle()


def fill_mouth(tab: Tab) -> None:
    press(tab, "mouth")
    press(tab, "Fill")


def test_the_boxes_of_parts_are_filled_and_undone(tab, exemplars, faces):
    before, photo = tab.mask(), render_face(0)[0]
    region = exemplars.region_of(*faces, ["mouth", "nose"])
    press(tab, "mouth")
    press(tab, "nose")
    tab.slide("fill-strength", 70)
    press(tab, "Fill")
    expected = exemplars.edit(*faces, region, 0.7, feather=FEATHER)
    np.testing.assert_array_equal(tab.result(), expected)
    np.testing.assert_array_equal(tab.picture("#save-whole"), expected)
    after = tab.mask()
    assert (after != before)[region > 0].any(), "what was filled was parsed anew"
    tab.press("Control+z")
    np.testing.assert_array_equal(tab.result(), photo)
    np.testing.assert_array_equal(tab.mask(), before)
    tab.press("Control+Shift+z")
    np.testing.assert_array_equal(tab.result(), expected)
    np.testing.assert_array_equal(tab.mask(), after)


def test_before_and_after_compares_with_the_photo_as_it_was_opened(tab):
    fill_mouth(tab)
    filled = tab.canvas("result-canvas", SIZE)
    tab.slide("compare", 100)
    before = tab.canvas("result-canvas", SIZE)
    assert np.abs(before - render_face(0, size=SIZE)[0]).mean() < 3
    assert np.abs(before - filled).max() > 30


def test_a_region_is_painted_shown_and_erased(tab, exemplars, faces):
    before, empty = tab.mask(), tab.canvas("mask-canvas", SIZE)
    fill = tab.page.get_by_role("button", name="Fill", exact=True)
    assert fill.is_disabled()
    tab.press("r")
    assert tab.page.get_by_role("button", name="Paint region").get_attribute("aria-pressed") == "true"
    tab.brush(9)
    tab.drag((20, 40), (44, 40))
    rows, columns = np.nonzero((tab.canvas("mask-canvas", SIZE) != empty).any(-1))
    assert (rows.min(), columns.min()) >= (35, 15)
    assert rows.max() <= 45
    assert columns.max() <= 49
    np.testing.assert_array_equal(tab.mask(), before)
    assert tab.page.is_disabled("#undo"), "the mask was not painted"

    press(tab, "Erase region")
    tab.brush(20)
    tab.drag((44, 40), (50, 40))
    press(tab, "Fill")
    changed = (tab.result() != render_face(0)[0]).any(-1)
    assert changed[76:84, 40:64].mean() > 0.9
    far = np.ones_like(changed)
    far[2 * 35 - FEATHER : 2 * 46 + FEATHER, 2 * 15 - FEATHER : 2 * 37 + FEATHER] = False
    assert not changed[far].any()

    press(tab, "Clear region")
    assert fill.is_disabled()


def test_strokes_after_it_are_painted_on_the_filled_photo(tab):
    fill_mouth(tab)
    filled = tab.result()
    tab.slide("feather", 2)
    tab.choose("hat")
    tab.tool("brush")
    tab.brush(6)
    tab.click((32, 8))
    result = tab.result()
    np.testing.assert_array_equal(result[40:], filled[40:])
    assert (result != filled).any()


def test_photos_that_the_server_forgot_are_filled_again(tab, api):
    fill_mouth(tab)
    filled = tab.result()
    for token in list(api.photos):
        api.photos.forget(token)
    tab.press("d")  # no request: the picture stays
    tab.slide("feather", 3)
    np.testing.assert_array_equal(tab.result(), filled)


def test_a_project_keeps_what_was_filled_and_undone(tab, tmp_path):
    before = tab.mask()
    fill_mouth(tab)
    once = tab.result()
    press(tab, "nose")
    press(tab, "Fill")
    twice = tab.result()
    tab.press("Control+z")
    project = tab.save("#save-project", tmp_path / "project.json")
    tab.reload()
    tab.choose_file("#open-project", project)
    np.testing.assert_array_equal(tab.result(), once)
    tab.press("Control+Shift+z")
    np.testing.assert_array_equal(tab.result(), twice)
    for _ in range(2):
        tab.press("Control+z")
    np.testing.assert_array_equal(tab.result(), render_face(0)[0])
    np.testing.assert_array_equal(tab.mask(), before)


@pytest.mark.parametrize("wrong", [{"base": 5}, {"base": 2}, {"reference": -1}, {"reference": None}])
def test_a_project_whose_photos_are_made_of_nothing_is_damaged(tab, tmp_path, wrong):
    fill_mouth(tab)
    project = tab.save("#save-project", tmp_path / "project.json")
    content = json.loads(project.read_text())
    assert [sorted(photo["source"]) for photo in content["photos"]] == [
        ["sample"],
        ["sample"],
        ["base", "query", "reference", "region"],
    ]
    content["photos"][2]["source"] |= wrong
    project.write_text(json.dumps(content))
    tab.choose_file("#open-project", project)
    assert tab.page.inner_text("#error") == "project.json is damaged; nothing was opened"


def test_ticked_attributes_alone_pass(tab, exemplars, faces, smiling):
    press(tab, "mouth")
    tab.page.get_by_role("checkbox", name="smiling").check()
    press(tab, "Fill")
    region = exemplars.region_of(*faces, ["mouth"])
    expected = exemplars.edit(*faces, region, only=["Smiling"], feather=FEATHER)
    np.testing.assert_array_equal(tab.result(), expected)


def test_what_can_not_be_filled_is_one_line_and_nothing_changes(tab, smiling):
    before = tab.result()
    press(tab, "hair")
    assert tab.page.inner_text("#error") == "the exemplar shows no hair; take it from another photo"
    press(tab, "mouth")
    tab.page.get_by_role("checkbox", name="wearing lipstick").check()
    press(tab, "Fill")
    shown = "the exemplar doesn't show Wearing_Lipstick, says the classifier; take another photo"
    assert tab.page.inner_text("#error") == shown
    np.testing.assert_array_equal(tab.result(), before)
    assert tab.page.is_disabled("#undo")


def test_another_photo_starts_without_a_region(tab):
    press(tab, "mouth")
    assert tab.page.is_enabled("#fill")
    tab.page.click("button.sample[data-slot=photo]")
    tab.settle()
    assert tab.page.is_disabled("#fill")


@pytest.fixture
def phone(browser, address, tmp_path) -> Iterator[Tab]:
    """The page on a narrow screen."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    yield Tab(context.new_page(), address, SIZE, tmp_path)
    context.close()


def in_view(tab: Tab, name: str) -> bool:
    """Return whether the screen shows a canvas from top to bottom, but for a part of a pixel."""
    box = tab.page.locator(f"#{name}").bounding_box()
    return box["y"] > -1 and box["y"] + box["height"] < 741


def test_a_phone_scrolls_to_where_the_work_is_seen(phone):
    phone.page.locator("#reference").scroll_into_view_if_needed()
    press(phone, "Paint region")
    assert in_view(phone, "mask-canvas")
    phone.click((32, 40))
    press(phone, "Fill")
    assert in_view(phone, "result-canvas")


def test_the_panel_fits_a_phone_and_every_control_has_a_name(phone):
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    panel = phone.page.get_by_role("region", name="Fill a region as the second photo shows it")
    controls = panel.locator("button, input").all()
    assert len(controls) > 15
    snapshot = panel.aria_snapshot()
    for role in ("button", "checkbox", "slider"):
        assert f'- {role} "' in snapshot
        assert f"- {role}:" not in snapshot
        assert f"- {role}\n" not in snapshot
