"""The Editor with the networks of portrait editing, compared with the task's functions, called directly."""

from collections.abc import Callable

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.parts import STYLE_PARTS, WHOLE_FACE
from maskgan_jax.tasks.portrait_editing.labels import PARTS

SIZE = 64
HAIR, MOUTH, SKIN = (list(PARTS).index(part) for part in ("hair", "mouth", "skin"))

pytestmark = pytest.mark.slow


def render_face(index: int, edit=lambda geometry: geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return photo and mask of a synthetic face."""
    original = face(0, index)
    return render(edit(original.geometry), original.style, SIZE)


@pytest.fixture(scope="module")
def editor(portrait_editor) -> Editor:
    return portrait_editor


@pytest.fixture(scope="module")
def portraits(editor) -> list[Portrait]:
    return [editor.portrait(*render_face(index)) for index in (9, 19, 29)]


@pytest.fixture(scope="module")
def codes(editor) -> list[np.ndarray]:
    """The codes of the same faces, (5 k)."""
    encode = editor._generator.model.compile("encode_parts")
    return [np.array(encode(photo[None], mask[None])[0]) for photo, mask in map(render_face, (9, 19, 29))]


@pytest.fixture(scope="module")
def compose(editor) -> Callable[..., np.ndarray]:
    """Return the face of a mask and codes before the background of face 9."""
    compiled = editor._generator.model.compile("compose")
    photo, own_mask = render_face(9)
    return lambda mask, codes: np.asarray(compiled(mask[None], photo[None], own_mask[None], codes[None])[0])


def test_an_edit_is_composed_of_the_edited_mask_and_the_photos_own_parts(editor, portraits, codes, compose):
    edited = render_face(9, EDITS["shorter_hair"])[1]
    np.testing.assert_array_equal(editor.edit(portraits[0], edited), compose(edited, codes[0]))


@pytest.mark.parametrize("name", ["all", "hair", "eyes"])
def test_without_strength_a_face_is_its_plain_reconstruction(editor, portraits, name):
    result = editor.copy_parts(portraits[0], {name: portraits[1]}, strength=0)
    np.testing.assert_array_equal(result, editor.edit(portraits[0], portraits[0].mask))


def test_parts_have_the_codes_of_photos_of_their_own(editor, portraits, codes, compose):
    result = editor.copy_parts(portraits[0], {"hair": portraits[1], "mouth": portraits[2]})
    mixed = codes[0].copy()
    mixed[HAIR], mixed[MOUTH] = codes[1][HAIR], codes[2][MOUTH]
    np.testing.assert_array_equal(result, compose(portraits[0].mask, mixed))
    assert (result != compose(portraits[0].mask, codes[0])).any()


def test_at_half_strength_a_code_is_the_mean_of_both(editor, portraits, codes, compose):
    result = editor.copy_parts(portraits[0], {"hair": portraits[1]}, strength=0.5)
    mixed = codes[0].copy()
    mixed[HAIR] = (codes[0][HAIR] + codes[1][HAIR]) / 2
    np.testing.assert_array_equal(result, compose(portraits[0].mask, mixed))


@pytest.mark.parametrize(("name", "places"), [("eyes", [0, 1]), ("left_eye", [0]), ("right_eye", [1])])
def test_eyes_are_copied_together_or_one_by_one(editor, portraits, codes, compose, name, places):
    result = editor.copy_parts(portraits[0], {name: portraits[1]})
    mixed = codes[0].copy()
    mixed[places] = codes[1][places]
    np.testing.assert_array_equal(result, compose(portraits[0].mask, mixed))


def test_a_swap_takes_all_codes_as_a_style_copy_does(editor, portraits, codes, compose):
    swapped = editor.swap(portraits[0], portraits[1])
    np.testing.assert_array_equal(swapped, compose(portraits[0].mask, codes[1]))
    np.testing.assert_array_equal(swapped, editor.copy_parts(portraits[0], {"all": portraits[1]}))
    np.testing.assert_array_equal(swapped, editor.copy_style(portraits[0], portraits[1]))


def test_a_swap_may_leave_the_hair(editor, portraits, codes, compose):
    mixed = codes[1].copy()
    mixed[HAIR] = codes[0][HAIR]
    result = editor.swap(portraits[0], portraits[1], keep_hair=True)
    np.testing.assert_array_equal(result, compose(portraits[0].mask, mixed))


def test_a_face_is_assembled_for_a_mask_before_another_photos_background(editor, portraits, codes, compose):
    mask = render_face(39)[1]
    sources = dict(zip(WHOLE_FACE, [portraits[1], portraits[2], portraits[2], portraits[2]], strict=True))
    mixed = codes[2].copy()
    mixed[SKIN] = codes[1][SKIN]
    np.testing.assert_array_equal(editor.assemble(mask, sources, portraits[0]), compose(mask, mixed))


def test_a_face_is_assembled_before_the_background_of_its_first_source(editor, portraits, codes, compose):
    mask = render_face(39)[1]
    np.testing.assert_array_equal(editor.assemble(mask, {"all": portraits[0]}), compose(mask, codes[0]))


def test_the_names_of_parts_are_those_of_the_task():
    assert set(STYLE_PARTS["all"]) == set(PARTS)
    assert {part for name in WHOLE_FACE for part in STYLE_PARTS[name]} == set(PARTS)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["nose"], "no such part: nose; the parts are all, hair, eyes, left_eye, right_eye, mouth, skin"),
        (["eyes", "left_eye"], "left_eye is given twice, as eyes and as left_eye; name each part once"),
    ],
)
def test_parts_that_can_not_be_meant_are_refused(editor, portraits, names, message):
    with pytest.raises(UserError, match=message):
        editor.copy_parts(portraits[0], dict.fromkeys(names, portraits[1]))


def test_a_part_is_not_taken_from_a_photo_that_lacks_it_unless_the_mask_lacks_it_too(editor, portraits):
    hair = CLASSES.index("hair")
    photo, mask = render_face(19)
    bald = editor.portrait(photo, np.where(mask == hair, 0, mask).astype(np.uint8))
    with pytest.raises(UserError, match="hair: the mask shows it, but the photo that it is taken from has none; take"):
        editor.copy_parts(portraits[0], {"mouth": bald, "hair": bald})
    with pytest.raises(UserError, match="hair: the mask shows it"):
        editor.swap(portraits[0], bald)
    editor.swap(portraits[0], bald, keep_hair=True)
    editor.swap(bald, bald)


@pytest.mark.parametrize("use", [Editor.swap, lambda editor, one, other: editor.copy_parts(one, {"hair": other})])
def test_networks_with_one_style_for_the_whole_face_are_told_from_those_of_parts(random_runs, use):
    editor = Editor(random_runs / "dense_mapping")
    one, other = (editor.portrait(*render_face(index)) for index in (9, 19))
    with pytest.raises(UserError, match=r"dense_mapping has one style for the whole face, none for .*hair.*edit style"):
        use(editor, one, other)
