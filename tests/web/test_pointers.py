"""Wheel, Space, fingers, dropped files and the dark page, in a real browser."""

import base64
import math
from collections.abc import Iterator

import numpy as np
import pytest

from maskgan_jax.photos.files import read_photo
from maskgan_jax.photos.scaling import scale_mask
from tests.web.browser import Tab, label, write_face
from tests.web.exchange import SIZE

pytestmark = pytest.mark.slow


def changed_pixels(tab: Tab, before: np.ndarray) -> list[tuple[int, int]]:
    """Return (column, row) of the pixels that differ from an earlier mask."""
    return [(int(column), int(row)) for row, column in np.argwhere(tab.mask() != before)]


def free_label(mask: np.ndarray) -> str:
    """Return a class that is nowhere in a mask."""
    return next(name for name in ("hat", "eye_g", "neck_l") if label(name) not in mask)


@pytest.fixture
def dot(tab: Tab) -> Tab:
    """The page with a brush of one pixel, of a class that shows wherever it paints."""
    tab.choose(free_label(tab.mask()))
    tab.brush(1)
    return tab


def wheel(tab: Tab, x: float, y: float, factor: float) -> None:
    """Zoom with the wheel over a part of the canvas's width and height."""
    box = tab.page.locator("#mask-canvas").bounding_box()
    tab.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    tab.page.mouse.wheel(0, -400 * math.log(factor))
    tab.page.wait_for_timeout(200)


def test_the_wheel_zooms_about_the_pointer(dot):
    before = dot.mask()
    wheel(dot, 0.25, 0.25, 2)
    dot.click_canvas(0.25 + 1 / 256, 0.25 + 1 / 256)
    dot.click_canvas(0.5 + 1 / 256, 0.25 + 1 / 256)
    assert changed_pixels(dot, before) == [(16, 16), (24, 16)]


def test_space_moves_the_view_and_paints_nothing(dot):
    before = dot.mask()
    wheel(dot, 0.5, 0.5, 2)
    dot.page.keyboard.down(" ")
    dot.drag((32, 32), (16, 32))  # a quarter of the canvas: an eighth of the mask
    dot.page.keyboard.up(" ")
    assert changed_pixels(dot, before) == []
    dot.click_canvas(0.5 + 1 / 256, 0.5 + 1 / 256)
    assert changed_pixels(dot, before) == [(40, 32)]


@pytest.fixture
def tablet(browser, address, tmp_path) -> Iterator[Tab]:
    """The page where there are fingers and no mouse."""
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    yield Tab(context.new_page(), address, SIZE, tmp_path)
    context.close()


def touch(tab: Tab, *steps: list[tuple[float, float]]) -> None:
    """Move fingers over parts of the canvas's width and height: their places at each step."""
    box = tab.page.locator("#mask-canvas").bounding_box()
    session = tab.page.context.new_cdp_session(tab.page)
    for number, fingers in enumerate(steps):
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": finger}
            for finger, (x, y) in enumerate(fingers)
        ]
        session.send(
            "Input.dispatchTouchEvent", {"type": "touchMove" if number else "touchStart", "touchPoints": points}
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.settle()


def test_a_finger_paints_and_two_zoom(tablet):
    before = tablet.mask()
    name = free_label(before)
    tablet.choose(name)
    tablet.brush(1)
    tablet.page.locator("#mask-canvas").scroll_into_view_if_needed()

    touch(tablet, [(16.5 / SIZE, 32.5 / SIZE)], [(20.5 / SIZE, 32.5 / SIZE)])
    assert changed_pixels(tablet, before) == [(column, 32) for column in range(16, 21)]

    painted = tablet.mask()
    touch(tablet, [(0.4, 0.5), (0.6, 0.5)], [(0.3, 0.5), (0.6, 0.5)], [(0.3, 0.5), (0.7, 0.5)])
    assert changed_pixels(tablet, painted) == []
    touch(tablet, [(0.5, 0.25)], [(0.5, 0.25)])
    ((_, row),) = changed_pixels(tablet, painted)
    assert row == pytest.approx(32 - 16 / 2, abs=1), "twice as large about the middle"


def drop(tab: Tab, path, onto: str) -> None:
    """Drop a file onto an element."""
    tab.page.evaluate(
        """([content, onto]) => {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
          const options = { dataTransfer: files, bubbles: true, cancelable: true };
          document.querySelector(onto).dispatchEvent(new DragEvent("drop", options));
        }""",
        [base64.b64encode(path.read_bytes()).decode(), onto],
    )
    tab.settle()


def test_a_dropped_photo_is_opened_where_it_is_dropped(tab, editor, tmp_path):
    path = write_face(tmp_path / "dropped.png", 19)
    before = tab.mask()
    drop(tab, path, "#reference")
    np.testing.assert_array_equal(tab.mask(), before)
    drop(tab, path, "#mask-canvas")
    np.testing.assert_array_equal(tab.mask(), scale_mask(editor.portrait(read_photo(path)).mask, SIZE))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_colours_and_is_readable(browser, address, tmp_path, scheme):
    context = browser.new_context(color_scheme=scheme)
    tab = Tab(context.new_page(), address, SIZE, tmp_path)
    text, back = tab.page.evaluate(
        "() => ['color', 'background-color'].map((name) => getComputedStyle(document.body).getPropertyValue(name))"
    )
    context.close()
    luminances = sorted(map(luminance, (text, back)))
    assert (luminance(back) > 0.5) == (scheme == "light")
    assert (luminances[1] + 0.05) / (luminances[0] + 0.05) > 7, "WCAG 2, AAA"


def luminance(colour: str) -> float:
    """Return the relative luminance of `rgb(r, g, b)`, as WCAG 2 defines it."""
    channels = np.array([int(value) for value in colour.strip("rgb()").split(",")]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
