"""Styles of single parts of a second photo, on the page in a real browser."""

import numpy as np
import pytest

from maskgan_jax.editing.editor import Editor
from tests.web.exchange import sample_portrait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def editor(portrait_editor) -> Editor:
    """What is served: networks of random weights, without a face parser."""
    return portrait_editor


def copied(editor: Editor, *names: str, strength: float = 1.0) -> np.ndarray:
    """Return the first sample face with the styles of parts of the second one."""
    one, other = sample_portrait(editor, 0), sample_portrait(editor, 1)
    return editor.copy_parts(one, dict.fromkeys(names, other), strength=strength)


def test_parts_are_chosen_on_the_page(tab, editor, tmp_path):
    def click(name: str) -> None:
        tab.page.click(f"button[data-style-part={name}]")
        tab.settle()

    click("skin")  # of all parts it alone is left, and copied whole
    np.testing.assert_array_equal(tab.result(), copied(editor, "skin"))
    click("mouth")
    tab.slide("strength", 50)
    np.testing.assert_array_equal(tab.result(), copied(editor, "skin", "mouth", strength=0.5))

    project = tab.save("#save-project", tmp_path / "project.json")
    click("all")
    np.testing.assert_array_equal(tab.result(), copied(editor, "all", strength=0.5))
    tab.choose_file("#open-project", project)
    np.testing.assert_array_equal(tab.result(), copied(editor, "skin", "mouth", strength=0.5))
    pressed = tab.page.eval_on_selector_all(
        "#style-parts [aria-pressed=true]", "all => all.map((each) => each.innerText)"
    )
    assert pressed == ["skin", "mouth"]


def test_hair_of_a_bald_face_is_refused_in_one_line(tab):
    tab.page.click("button[data-style-part=hair]")
    tab.settle()
    assert tab.page.inner_text("#error").startswith("hair: the mask shows it, but the photo that it is taken from has")


def test_painting_follows_every_stroke(tab, editor):
    tab.choose("hat")
    tab.brush(8)
    tab.drag((20, 10), (40, 10))
    np.testing.assert_array_equal(tab.result(), editor.edit(sample_portrait(editor, 0), tab.mask()))
