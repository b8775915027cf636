"""Background that an edit frees: what is filled, from what, and what stays."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from maskgan_jax.editing.backgrounds import BackgroundFiller, continue_colours
from maskgan_jax.editing.editor import Editor

SIZE = 96
HAIR = CLASSES.index("hair")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def masks():
    """A label map whose middle is hair, and one whose hair is narrower on the right."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[20:80, 30:70] = HAIR
    edited = mask.copy()
    edited[:, 50:] = 0
    return mask, edited


@pytest.fixture(scope="module")
def filler(random_runs):
    return BackgroundFiller(random_runs / "ebgan")


@pytest.fixture(scope="module")
def photo():
    return RNG.integers(0, 255, (SIZE, SIZE, 3), np.uint8)


def test_colours_are_continued_as_a_gaussian_mean_of_the_known_ones(photo):
    known = np.zeros((SIZE, SIZE), bool)
    known[:, :20] = True
    y, x, deviation = 40, 24, SIZE / 16
    rows, columns = np.mgrid[:SIZE, :20]
    weights = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * deviation**2))
    expected = (weights[..., None] * photo[:, :20]).sum((0, 1)) / weights.sum()
    continued = continue_colours(photo, known)
    np.testing.assert_allclose(continued[y, x], expected, atol=1.5)  # SciPy's Gaussian ends at 4 deviations
    np.testing.assert_array_equal(continued[:, -1], photo[:, 19])


@pytest.mark.slow
def test_only_freed_background_and_a_seam_in_the_background_change(filler, photo, masks):
    mask, edited = masks
    result = filler.fill(photo, mask, edited)
    changed = (result != photo).any(-1)
    freed = (mask == HAIR) & (edited == 0)
    assert changed[freed].mean() > 0.9
    assert not changed[edited == HAIR].any()
    assert not changed[:, 73:].any()
    assert not changed[: 20 - 3].any()


@pytest.mark.slow
def test_what_was_in_freed_pixels_does_not_matter(filler, photo, masks):
    mask, edited = masks
    freed = (mask == HAIR) & (edited == 0)
    other = np.where(freed[..., None], 255 - photo, photo)
    # At 64 px a pixel of the network covers 1.5 pixels of the photo: those at the border mix both.
    inner = np.zeros_like(freed)
    inner[24:76, 54:66] = True
    changed = np.where(inner[..., None], other, photo)
    np.testing.assert_array_equal(filler.fill(changed, mask, edited)[inner], filler.fill(photo, mask, edited)[inner])


@pytest.mark.slow
def test_the_background_around_decides_what_is_filled_in(filler, photo, masks):
    mask, edited = masks
    freed = (mask == HAIR) & (edited == 0)
    darker = np.where((mask == 0)[..., None], photo // 2, photo)
    assert (filler.fill(darker, mask, edited)[freed] != filler.fill(photo, mask, edited)[freed]).any()


@pytest.mark.slow
def test_an_edit_that_frees_nothing_or_has_no_background_to_continue_is_left_alone(filler, photo, masks, caplog):
    mask, edited = masks
    assert filler.fill(photo, edited, mask) is photo
    assert not caplog.records
    assert filler.fill(photo, np.full_like(mask, HAIR), edited) is photo
    assert "no background to continue" in caplog.text


@pytest.mark.slow
def test_the_fade_into_the_background_is_no_wider_than_asked(filler, photo, masks):
    mask, edited = masks
    faded, sharp = (filler.fill(photo, mask, edited, feather) for feather in (None, 0))
    freed = (mask == HAIR) & (edited == 0)
    assert not (sharp != photo).any(-1)[~freed].any()
    assert (faded != photo).any(-1)[~freed].any()


@pytest.mark.slow
@pytest.mark.parametrize("keep_outside", [None, 4])
def test_the_editor_fills_after_generating(random_runs, photo, masks, keep_outside):
    mask, edited = masks
    plain, filling = (
        Editor(random_runs / "dense_mapping", fill_background=run) for run in (None, random_runs / "ebgan")
    )
    before, after = (editor.edit(editor.portrait(photo, mask), edited, keep_outside) for editor in (plain, filling))
    expected = BackgroundFiller(random_runs / "ebgan").fill(before, mask, edited, keep_outside)
    np.testing.assert_array_equal(after, expected)
    assert (after != before).any()


def test_a_folder_without_such_networks_is_named(random_runs, photo, masks):
    editor = Editor(random_runs / "dense_mapping", fill_background=random_runs / "face_parser")
    with pytest.raises(UserError, match="--fill-background"):
        editor.complete(editor.portrait(photo, masks[0]), masks[1], photo)
