"""The Editor, on the tiny runs of every stage."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.inference import functions, models
from maskgan_jax.runs import checkpoints

SIZE = 64


def render_face(index: int, edit=lambda geometry: geometry, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Photo and mask of a synthetic face."""
    original = face(0, index)
    return render(edit(original.geometry), original.style, size)


@pytest.fixture(scope="module")
def editor(runs) -> Editor:
    return Editor(runs / "ebst", face_parser=runs / "face_parser")


def test_the_generator_is_the_moving_average(runs):
    params = models.load("generator", runs / "ebst", "test").variables["params"]
    shapes = jax.eval_shape(lambda: params)
    average = checkpoints.load_part(runs / "ebst", {"average": {"generator": shapes}}, "test")["average"]["generator"]
    jax.tree.map(np.testing.assert_array_equal, params, average)


def test_a_second_edit_does_not_run_the_style_encoder(editor):
    portrait = editor.portrait(*render_face(9))
    edited = render_face(9, EDITS["open_mouth"])[1]

    # Not called: an edit is one call of `generate`.
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(Editor, "encode_style")
        patched.setitem(editor.__dict__, "_encode_style", None)
        editor.edit(portrait, edited)
        editor.edit(portrait, portrait.mask, keep_outside=4)

    # Not compiled in: nothing in `generate` reads the style encoder's parameters.
    generator = editor._generator
    params = generator.variables["params"]
    jaxpr = jax.make_jaxpr(
        lambda p: functions.generate(generator.network, {"params": p}, jnp.asarray(edited)[None], portrait.style)
    )
    jaxpr = jaxpr(params).jaxpr
    read = {id(variable) for equation in jaxpr.eqns for variable in equation.invars}
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    reads = {path: id(variable) in read for path, variable in zip(paths, jaxpr.invars, strict=True)}
    assert all(used == ("backbone" in path) for path, used in reads.items())


def test_an_edit_has_the_editors_size_whatever_the_photos(editor):
    photo, mask = render_face(9, size=112)
    assert editor.edit(editor.portrait(photo, mask), mask).shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("feather", [0, 3, 7.5])
def test_keep_outside_leaves_what_is_farther_than_the_feather_to_the_bit(editor, feather):
    photo, mask = render_face(9, size=160)
    edited = render_face(9, EDITS["open_mouth"], size=160)[1]

    result = editor.edit(editor.portrait(photo, mask), edited, keep_outside=feather)

    changed = np.argwhere(mask != edited)
    places = np.stack(np.indices(mask.shape), axis=-1)
    squares = [((places - place) ** 2).sum(-1) for place in changed]
    distance = np.sqrt(np.min(squares, axis=0))
    np.testing.assert_array_equal(result[distance > feather], photo[distance > feather])
    assert (result[distance == 0] != photo[distance == 0]).any()


def test_a_copied_style_is_the_references_on_the_portraits_mask(editor):
    portrait, reference = (editor.portrait(*render_face(index)) for index in (9, 19))
    np.testing.assert_array_equal(
        editor.copy_style(portrait, reference), editor.generate(portrait.mask[None], reference.style)[0]
    )


def test_a_transfer_is_an_edit_with_the_parts_of_the_reference(editor):
    portrait, reference_mask = editor.portrait(*render_face(9)), render_face(19)[1]
    expected = editor.edit(portrait, transfer_parts(portrait.mask, reference_mask, ["smile"]))
    np.testing.assert_array_equal(editor.transfer(portrait, reference_mask, ["smile"]), expected)


def test_an_interpolation_goes_from_one_mask_to_the_other_as_the_mask_vae_has_them(editor, runs):
    portrait, reference_mask = editor.portrait(*render_face(9)), render_face(19)[1]

    frames = editor.interpolate(portrait, reference_mask, 3)

    vae = models.load("mask_vae", runs / "mask_vae", "test")
    ends = np.stack([portrait.mask, reference_mask])
    codes, _ = vae.network.apply(vae.variables, jax.nn.one_hot(ends, 19), method="encode")
    codes = jnp.stack([codes[0], (codes[0] + codes[1]) / 2, codes[1]])
    masks = vae.network.apply(vae.variables, codes, method="decode").argmax(-1).astype(np.uint8)
    expected = np.stack([editor.edit(portrait, np.asarray(mask)) for mask in masks])
    assert frames.shape == (3, SIZE, SIZE, 3)
    np.testing.assert_allclose(frames.astype(int), expected, atol=1)


def test_a_photo_without_a_mask_is_parsed(editor):
    photo, _ = render_face(9)
    parsed = editor.parse(photo)
    assert (parsed.shape, parsed.dtype) == ((SIZE, SIZE), np.uint8)
    np.testing.assert_array_equal(editor.portrait(photo).mask, parsed)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda editor: editor.parse(render_face(9)[0]), "--face-parser: needed for a photo without a mask"),
        (lambda editor: editor.size, "--checkpoint: needed to draw a face"),
    ],
)
def test_a_network_that_was_not_named_is_asked_for(use, message):
    with pytest.raises(UserError, match=message):
        use(Editor())


@pytest.mark.parametrize(
    ("photo", "mask", "message"),
    [
        (np.zeros((64, 96, 3), np.uint8), np.zeros((64, 64), np.uint8), "a photo is a square array"),
        (np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 19, np.uint8), "label 19 is above 18"),
    ],
)
def test_arrays_that_are_no_photo_or_mask_are_refused(editor, photo, mask, message):
    with pytest.raises(UserError, match=message):
        editor.portrait(photo, mask)


def test_a_run_that_draws_no_photos_is_refused(runs):
    with pytest.raises(UserError, match=r"mask_vae has no .*generator.*; it trained something else"):
        Editor(runs / "mask_vae").portrait(*render_face(9))


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="no run there"):
        Editor(tmp_path).portrait(*render_face(9))
