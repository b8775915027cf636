"""The Editor, with the networks of the tiny runs."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.networks import Networks, draw_codes
from maskgan_jax.editing.parts import PART_GROUPS
from maskgan_jax.inference.models import load_network
from maskgan_jax.runs.models import load_part

SIZE = 64


def render_face(index: int, edit=lambda geometry: geometry, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Return photo and mask of a synthetic face."""
    original = face(0, index)
    return render(edit(original.geometry), original.style, size)


@pytest.fixture(scope="module")
def editor(runs) -> Editor:
    return Editor(runs / "ebst", face_parser=runs / "face_parser")


def apply(folder: Path, network: str, *inputs: jax.Array, **options) -> jax.Array:
    """Apply a network of a folder directly."""
    model = load_network(folder, network, "test")
    module = model.task.networks[network].module
    return jax.jit(functools.partial(module.apply, **options))(model.variables[network], *inputs)


def test_the_generator_is_the_ema(runs):
    loaded = load_network(runs / "ebst", "generator", "test").variables["generator"]["params"]
    fields = {field: {"generator": jax.eval_shape(lambda: loaded)} for field in ("params", "ema_params")}
    saved = load_part(runs / "ebst", fields, "test", verify=True)
    jax.tree.map(np.testing.assert_array_equal, loaded, saved["ema_params"]["generator"])
    differs = jax.tree.map(lambda a, b: bool((a != b).any()), loaded, saved["params"]["generator"])
    assert any(jax.tree.leaves(differs))


def test_a_second_edit_does_not_run_the_style_encoder(editor):
    portrait = editor.portrait(*render_face(9))
    edited = render_face(9, EDITS["open_mouth"])[1]

    # Not called: an edit is one call of `generate`.
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(Networks, "encode_style")
        patched.setattr(editor._generator, "encode", None)
        editor.edit(portrait, edited)
        editor.edit(portrait, portrait.mask, keep_outside=4)

    # Not compiled in: nothing in `generate` reads the style encoder's parameters.
    model = editor._generator.model
    generate, params = model.task.inference["generate"].function, model.variables["generator"]["params"]
    jaxpr = jax.make_jaxpr(lambda p: generate({"generator": {"params": p}}, jnp.asarray(edited)[None], portrait.style))
    jaxpr = jaxpr(params).jaxpr
    read = {id(variable) for equation in jaxpr.eqns for variable in equation.invars}
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    reads = {path: id(variable) in read for path, variable in zip(paths, jaxpr.invars, strict=True)}
    assert all(used == ("backbone" in path) for path, used in reads.items())


def test_an_edit_has_the_generators_size_whatever_the_photos(editor):
    photo, mask = render_face(9, size=112)
    assert editor.edit(editor.portrait(photo, mask), mask).shape == (SIZE, SIZE, 3)


def test_an_edit_is_what_the_generator_makes_of_the_edited_mask_in_the_photos_style(editor, runs):
    (photo, mask), (_, edited) = render_face(9), render_face(9, EDITS["open_mouth"])
    image, labels, edited_labels = photo[None] / 127.5 - 1, jnp.asarray(mask[None]), jnp.asarray(edited[None])

    result = editor.edit(editor.portrait(photo, mask), edited)

    image = jnp.asarray(image, jnp.float32)
    style = apply(runs / "ebst", "generator", image, labels, method="encode_style")
    generated = apply(runs / "ebst", "generator", edited_labels, style, method="generate")[0]
    np.testing.assert_allclose(result, (generated + 1) * 127.5, atol=0.6)


@pytest.mark.parametrize("feather", [0, 3, 7.5])
def test_keep_outside_leaves_pixels_beyond_the_feather_exactly_as_they_were(editor, feather):
    photo, mask = render_face(9, size=160)
    edited = render_face(9, EDITS["open_mouth"], size=160)[1]

    result = editor.edit(editor.portrait(photo, mask), edited, keep_outside=feather)

    changed = np.argwhere(mask != edited)
    places = np.stack(np.indices(mask.shape), axis=-1)
    squares = [((places - place) ** 2).sum(-1) for place in changed]
    distance = np.sqrt(np.min(squares, axis=0))
    np.testing.assert_array_equal(result[distance > feather], photo[distance > feather])
    assert (result[distance == 0] != photo[distance == 0]).any()


def twice(mask: np.ndarray) -> np.ndarray:
    """Return a mask at twice its size."""
    return mask.repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize("keep_outside", [None, 3])
@pytest.mark.parametrize("paste_back", [False, True])
def test_masks_of_half_the_photos_size_give_the_results_of_masks_of_its_size(editor, keep_outside, paste_back):
    """As in CelebAMask-HQ, where photos have 1024 px and masks 512 px."""
    photo, (_, mask) = render_face(9, size=128)[0], render_face(9)
    _, edited = render_face(9, EDITS["open_mouth"])
    _, reference = render_face(19)

    portrait, same_size = editor.portrait(photo, mask), editor.portrait(photo, twice(mask))
    result = editor.edit(portrait, edited, keep_outside, paste_back)
    transferred = editor.transfer(portrait, reference, ["smile"], keep_outside, paste_back)

    np.testing.assert_array_equal(result, editor.edit(same_size, twice(edited), keep_outside, paste_back))
    np.testing.assert_array_equal(
        transferred, editor.transfer(same_size, reference, ["smile"], keep_outside, paste_back)
    )


def test_an_edited_mask_of_an_odd_ratio_gives_the_result_of_the_nearest_labels(editor):
    photo, mask = render_face(9, size=96)
    edited = render_face(9, EDITS["open_mouth"], size=80)[1]
    nearest = np.floor((np.arange(96) + 0.5) * 80 / 96).astype(int)
    portrait = editor.portrait(photo, mask)

    result = editor.edit(portrait, edited, keep_outside=2)

    expected = editor.edit(portrait, edited[np.ix_(nearest, nearest)], keep_outside=2)
    np.testing.assert_array_equal(result, expected)


def test_a_pasted_edit_of_a_found_face_changes_the_photo_only_there(editor):
    photo = np.full((600, 800, 3), 128, np.uint8)
    photo[40:552, 100:612] = render_face(9, size=512)[0]
    portrait = editor.portrait(photo)
    edited = portrait.mask.copy()
    edited[30:34, 30:34] = (edited[30:34, 30:34] + 1) % 19

    result = editor.edit(portrait, edited, keep_outside=0, paste_back=True)

    # A pixel of the mask is a 64th of the square; the edit is around its middle.
    centre, side = np.array(portrait.subject.alignment.centre), portrait.subject.alignment.side
    changed = np.argwhere((result != photo).any(-1))[:, ::-1] + 0.5
    assert len(changed) > 100
    assert np.abs(changed - centre).max() < 4 * side / 64


def test_a_copied_style_is_the_references_with_the_portraits_mask(editor, runs):
    (photo, mask), (other_photo, other_mask) = render_face(9), render_face(19)
    result = editor.copy_style(editor.portrait(photo, mask), editor.portrait(other_photo, other_mask))

    labels, other_labels = jnp.asarray(mask[None]), jnp.asarray(other_mask[None])
    other_image = jnp.asarray(other_photo[None] / 127.5 - 1, jnp.float32)
    style = apply(runs / "ebst", "generator", other_image, other_labels, method="encode_style")
    generated = apply(runs / "ebst", "generator", labels, style, method="generate")[0]
    np.testing.assert_allclose(result, (generated + 1) * 127.5, atol=0.6)


def test_a_transfer_generates_the_transferred_part_and_keeps_the_rest(editor):
    """The truth: the renderer's mask of the same face with its mouth open."""
    photo, mask = render_face(9, size=128)
    opened = render_face(9, EDITS["open_mouth"], size=128)[1]
    mouth = [CLASSES.index(name) for name in PART_GROUPS["smile"]]

    result = editor.transfer(editor.portrait(photo, mask), opened, ["smile"], keep_outside=0)

    either = ndimage.binary_dilation(np.isin(mask, mouth) | np.isin(opened, mouth), iterations=4)
    np.testing.assert_array_equal(result[~either], photo[~either])
    assert (result[(mask != opened) & either] != photo[(mask != opened) & either]).any(-1).mean() > 0.5


def test_an_interpolation_goes_from_one_mask_to_the_other_in_the_mask_vaes_space(editor, runs):
    portrait, reference_mask = editor.portrait(*render_face(9)), render_face(19)[1]

    frames = editor.interpolate(portrait, reference_mask, 3)

    ends = np.stack([portrait.mask, reference_mask])
    codes, _ = apply(runs / "ebst", "mask_vae", jax.nn.one_hot(ends, 19), method="encode")
    codes = jnp.stack([codes[0], (codes[0] + codes[1]) / 2, codes[1]])
    masks = apply(runs / "ebst", "mask_vae", codes, method="decode").argmax(-1).astype(np.uint8)
    expected = np.stack([editor.edit(portrait, np.asarray(mask)) for mask in masks])
    assert frames.shape == (3, SIZE, SIZE, 3)
    np.testing.assert_allclose(frames.astype(int), expected, atol=1)


def test_a_photo_without_a_mask_is_parsed(editor, runs):
    photo, _ = render_face(9)
    portrait = editor.portrait(photo, align=False)

    logits = apply(runs / "face_parser", "face_parser", jnp.asarray(photo[None] / 127.5 - 1, jnp.float32))
    assert (portrait.mask == logits[0].argmax(-1)).mean() > 0.999  # but for ties


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda editor: editor.parse(render_face(9)[0]), "--face-parser: needed for a photo without a mask"),
        (lambda editor: editor.size, "--checkpoint: needed to generate a face"),
    ],
)
def test_a_network_that_was_not_named_is_asked_for(use, message):
    with pytest.raises(UserError, match=message):
        use(Editor())


def test_only_square_faces_are_parsed(editor):
    with pytest.raises(UserError, match="a face to parse is square, not 96x64 pixels"):
        editor.parse(np.zeros((64, 96, 3), np.uint8))


def test_an_edited_mask_that_is_not_square_is_refused(editor):
    portrait = editor.portrait(*render_face(9))
    with pytest.raises(UserError, match="the mask has 64x32 pixels; give a square mask"):
        editor.edit(portrait, np.zeros((32, 64), np.uint8))


def test_a_run_without_a_generator_is_refused(runs):
    with pytest.raises(
        UserError,
        match="trained mask_vae, which has no function encode_style, generate; its functions",
    ):
        Editor(runs / "mask_vae").portrait(*render_face(9))


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="no run there"):
        Editor(tmp_path).portrait(*render_face(9))


def test_drawn_codes_have_the_mean_and_the_covariance_of_the_given_ones():
    codes = np.random.default_rng(0).normal([3, -1, 0], [1, 0.1, 2], (50, 3)) @ np.array(
        [[1, 0, 0.5], [0, 1, 0], [0, 0, 1]]
    )
    drawn = draw_codes(codes.astype(np.float32), 200_000, seed=0)
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.05)


def test_sampled_masks_are_decoded_from_codes_drawn_like_those_of_the_masks(editor, runs):
    masks = [render_face(index)[1] for index in range(4)]
    codes = editor.encode_masks(masks)
    expected = apply(runs / "ebst", "mask_vae", jax.nn.one_hot(np.stack(masks), 19), method="encode")[0]
    np.testing.assert_allclose(codes, expected, rtol=1e-4, atol=1e-4)

    logits = apply(runs / "ebst", "mask_vae", jnp.asarray(draw_codes(codes, 3, seed=1)), method="decode")
    np.testing.assert_array_equal(editor.sample_masks(codes, 3, seed=1), logits.argmax(-1))
