"""Methods: a trained model as the editor has it, and the baselines."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.editing.attributes import AttributeEditor
from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.exchanges import AttributeExchanger
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.session import open_photo
from maskgan_jax.evaluation import methods, photo_methods
from maskgan_jax.evaluation.request import Request, stack
from maskgan_jax.photos.scaling import scale_photo
from tests.web.exchange import render_face


@pytest.fixture(scope="module")
def request_of_two() -> Request:
    """Two requests: each face is to be generated from the other's mask."""
    faces = [render_face(index, size=64) for index in (0, 1)]
    return stack([Request(*target, *source, source[1]) for target, source in (faces, faces[::-1])])


def test_every_class_is_painted_in_the_colour_that_it_has_in_the_photo():
    photo = np.zeros((4, 4, 3), np.uint8)
    photo[:2], photo[2:, :2], photo[2:, 2:] = 10, 20, 40
    mask = np.zeros((4, 4), np.uint8)
    mask[2:] = 1
    edited_mask = np.full((4, 4), 5, np.uint8)
    edited_mask[0] = 1

    painted = methods.own_colours_painted_in(stack([Request(photo, mask, photo, mask, edited_mask)]))[0]

    assert (painted[0] == 30).all(), "the mean of the class"
    assert (painted[1:] == 20).all(), "an absent class: the photo's mean"


@pytest.fixture(params=["ebst", "portrait_editing", "spade"])
def run(request, runs, random_runs):
    """A run of MaskGAN, one of portrait editing and one of SPADE."""
    return (runs if request.param == "ebst" else random_runs) / request.param


def test_a_trained_model_generates_what_the_editor_does(run, request_of_two):
    generate, _ = methods.trained(run, "--option")

    generated = generate(request_of_two)

    editor = Editor(run)
    for image, photo, mask, edited_mask in zip(
        generated, request_of_two.photo, request_of_two.mask, request_of_two.edited_mask, strict=True
    ):
        edited = editor.edit(editor.portrait(photo, mask), edited_mask)
        assert np.abs(image.astype(int) - edited).max() <= 1
    assert generated.std() > 0


def test_a_mouth_is_filled_in_as_the_source_shows_it_and_the_rest_of_the_photo_kept(random_runs, request_of_two):
    generate, _ = photo_methods.fill_mouth(random_runs / "ebgan", "--option")

    filled = generate(request_of_two)

    editor = ExemplarEditor(random_runs / "ebgan")
    rows = [Opened(open_photo(*row), row[1]) for row in zip(request_of_two.photo, request_of_two.mask, strict=True)]
    for image, face, source in zip(filled, rows, rows[::-1], strict=True):
        region = editor.region_of(face, source, ["mouth"])
        np.testing.assert_array_equal(image, editor.edit(face, source, region))
        np.testing.assert_array_equal(image[region == 0], face.subject.face[region == 0])
        assert (image != face.subject.face).any()


def test_a_smile_is_set_and_exchanged_as_the_edit_command_does_it(random_runs, request_of_two):
    larger = Request(*(np.repeat(np.repeat(array, 2, 1), 2, 2) for array in request_of_two))
    faces = [open_photo(*row) for row in zip(larger.photo, larger.mask, strict=True)]

    smiling, _ = photo_methods.set_smile(random_runs / "stargan", "--option")
    exchanged, _ = photo_methods.exchange_smile(random_runs / "elegant", "--option")

    editor = AttributeEditor(random_runs / "stargan", {"Smiling": True})
    exchanger = AttributeExchanger(random_runs / "elegant")
    for image, face in zip(smiling(larger), faces, strict=True):
        np.testing.assert_array_equal(image, scale_photo(editor.edit(face), 128))
    for image, face, source in zip(exchanged(larger), faces, faces[::-1], strict=True):
        np.testing.assert_array_equal(image, exchanger.edit(face, source, ["Smiling"]))
        assert (image != face.face).any()


def test_photos_of_another_size_are_scaled_to_the_models_and_results_back(runs, request_of_two):
    generate, _ = methods.trained(runs / "dense_mapping", "--option")
    larger = Request(*(np.repeat(np.repeat(array, 2, 1), 2, 2) for array in request_of_two))

    generated = generate(larger)

    assert generated.shape == (2, 128, 128, 3)
    small = generate(request_of_two._replace(photo=np.stack([scale_photo(photo, 64) for photo in larger.photo])))
    np.testing.assert_array_equal(generated, np.stack([scale_photo(image, 128) for image in small]))


def test_checksums_tell_models_apart(runs):
    first, again, other = (methods.trained(runs / name, "--option")[1] for name in ("ebst", "ebst", "dense_mapping"))
    assert first == again != other


def test_a_run_that_generates_nothing_is_refused(runs):
    with pytest.raises(UserError, match=r"--option: .* trained face_parser, which has no function encode_style"):
        methods.trained(runs / "face_parser", "--option")
