"""The edit command's sub-command for EBGAN and Att-EBGAN, on image files, with networks of random weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import face, render
from maskgan_jax import edit
from maskgan_jax.editing.colours import match_skin
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.regions import region_of_parts
from maskgan_jax.editing.session import open_photo
from maskgan_jax.inference.models import load_model
from maskgan_jax.photos.files import write_label_map, write_photo
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.ebgan.attributes import covers

SIZE = 96
FEATHER = 8

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """A folder with a photo and a mask, larger than the networks' images, of each of two people; and a region."""
    folder = tmp_path_factory.mktemp("people")
    for index, name in enumerate(("me", "you")):
        original = face(0, index)
        photo, mask = render(original.geometry, original.style, SIZE)
        write_photo(photo, folder / f"{name}.png")
        write_label_map(mask, folder / f"{name}_mask.png")
    painted = np.zeros((48, 48), np.uint8)
    painted[20:30, 10:30] = 255
    Image.fromarray(painted).save(folder / "region.png")
    return folder


@pytest.fixture
def do(people, random_runs, monkeypatch, tmp_path) -> Callable[..., np.ndarray]:
    """Run the command in this process and return its result."""
    monkeypatch.chdir(people)

    def run(options: str, task: str = "ebgan") -> np.ndarray:
        given = "--image me.png --mask me_mask.png --reference-image you.png --reference-mask you_mask.png"
        command = f"exemplar {given} {options} --checkpoint={random_runs / task} --out={tmp_path}/out.png"
        edit.main(edit.parser().parse_args(command.split()))
        return pixels(tmp_path / "out.png")

    return run


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def opened(folder: Path, name: str) -> Opened:
    subject = open_photo(pixels(folder / f"{name}.png"), pixels(folder / f"{name}_mask.png"))
    return Opened(subject, subject.mask)


def test_a_painted_region_changes_nothing_outside_it_and_its_feather(do, people):
    result, photo = do(f"--region region.png --feather={FEATHER}"), pixels(people / "me.png")
    changed = (result != photo).any(-1)
    assert changed[40:60, 20:60].mean() > 0.9
    assert not changed[: 40 - FEATHER].any()
    assert not changed[:, 60 + FEATHER :].any()
    np.testing.assert_array_equal(do("--region region.png --feather=0")[:40], photo[:40])
    assert (do("--region region.png --keep-colours") != do("--region region.png")).any()


def test_parts_are_filled_in_the_boxes_of_both_faces(do, people, random_runs):
    editor, mine, yours = ExemplarEditor(random_runs / "ebgan"), opened(people, "me"), opened(people, "you")
    region = editor.region_of(mine, yours, ["mouth", "eyes"])
    np.testing.assert_array_equal(
        do("--parts mouth,eyes --strength=0.5"), editor.edit(mine, yours, region, 0.5, feather=8)
    )
    alone = [region_of_parts(*(each.mask[::3, ::3] for each in (mine, yours)), [part]) for part in ("mouth", "eyes")]
    assert region.shape == (64, 64)
    assert region.mean() == pytest.approx((alone[0] | alone[1]).mean(), abs=0.05)


def test_strength_goes_from_the_photos_own_code_to_the_exemplars(people, random_runs, monkeypatch):
    editor, mine, yours = ExemplarEditor(random_runs / "ebgan"), opened(people, "me"), opened(people, "you")
    region = editor.region_of(mine, yours, ["face"])
    codes = []
    inpaint = editor._inpaint
    monkeypatch.setitem(editor.__dict__, "_inpaint", lambda *given: codes.append(given[2]) or inpaint(*given))
    for strength in (0, 0.25, 1):
        editor.edit(mine, yours, region, strength)
    editor.edit(mine, mine, region)
    np.testing.assert_array_equal(codes[0], codes[3])
    np.testing.assert_allclose(codes[1], 0.75 * codes[0] + 0.25 * codes[2], atol=1e-6)
    assert np.abs(codes[2] - codes[0]).max() > 1e-3


def test_the_exemplars_skin_gets_the_photos_colour_before_it_is_encoded_unless_colours_are_kept(people, random_runs):
    editor, mine, yours = ExemplarEditor(random_runs / "ebgan"), opened(people, "me"), opened(people, "you")
    region = editor.region_of(mine, yours, ["face"])
    matched = match_skin(yours.subject.face, yours.mask, mine.subject.face, mine.mask)
    skin = [np.isin(each.mask, (1, 2)) for each in (yours, mine)]
    np.testing.assert_allclose(matched[skin[0]].mean(0), mine.subject.face[skin[1]].mean(0), atol=3)
    unmatched = [editor.edit(mine, Opened(each.subject, None), region) for each in (mine, yours)]
    np.testing.assert_array_equal(editor.edit(mine, yours, region, keep_colours=True), unmatched[1])
    assert (editor.edit(mine, yours, region) != unmatched[1]).any()
    without_skin = match_skin(yours.subject.face, np.zeros_like(mine.mask), mine.subject.face, mine.mask)
    np.testing.assert_array_equal(without_skin, yours.subject.face)


@pytest.fixture
def gates(people, random_runs, monkeypatch) -> Callable[..., tuple[set[str], set[str]]]:
    """Return the gates that are open for the own code and the exemplar's.

    The classifier says that the photo shows a smile and a beard, the exemplar a smile, lipstick and glasses.
    """
    editor, mine, yours = ExemplarEditor(random_runs / "att_ebgan"), opened(people, "me"), opened(people, "you")
    shown = iter([("Smiling", "Beard"), ("Smiling", "Wearing_Lipstick", "Eyeglasses")] * 9)

    def classify(_) -> np.ndarray:
        shows = next(shown)
        return np.array([[1.0 if name in shows else -1.0 for name in editor.attributes]])

    monkeypatch.setitem(editor.__dict__, "_classify", classify)
    encode, given = editor._encode, []
    monkeypatch.setitem(editor.__dict__, "_encode", lambda *each: given.append(each[2]) or encode(*each))

    def read(parts: list[str], **options) -> tuple[set[str], set[str]]:
        editor.edit(mine, yours, editor.region_of(mine, yours, parts), **options)
        return tuple({n for n, gate in zip(editor.attributes, row[0], strict=True) if gate} for row in given[-2:])

    return read


def test_what_the_exemplar_shows_and_the_region_covers_passes_unless_it_is_held_back(gates):
    assert gates(["mouth"]) == ({"Smiling"}, {"Smiling", "Wearing_Lipstick"})
    assert gates(["mouth", "eyes"]) == ({"Smiling"}, {"Smiling", "Wearing_Lipstick", "Eyeglasses"})
    assert gates(["mouth"], without=["Wearing_Lipstick"]) == ({"Smiling"}, {"Smiling"})
    assert gates(["mouth", "eyes"], only=["Eyeglasses"]) == ({"Smiling"}, {"Eyeglasses"})
    assert gates(["nose"]) == (set(), set())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["Beard"]}, "--only: the exemplar doesn't show Beard, says the classifier; take another photo"),
        (
            {"only": ["Eyeglasses"]},
            "--only: the region leaves out the part of the face that shows Eyeglasses",
        ),
        (
            {"without": ["Bald"]},
            "--only, --without: no attribute Bald; the run at .*att_ebgan has Mouth_Slightly",
        ),
    ],
)
def test_an_attribute_that_can_not_be_let_through_is_one_line(gates, options, message):
    with pytest.raises(UserError, match=message):
        gates(["mouth"], **options)


@pytest.mark.parametrize(
    ("options", "task", "message"),
    [
        ("--parts mouth --only Smiling", "ebgan", "no attribute Smiling; the run at .*/ebgan is EBGAN's and has none"),
        ("--parts hat", "ebgan", "--parts: no part 'hat'; name some of mouth, eyes"),
        ("--parts=", "ebgan", "--parts: no part ''; name some of mouth, eyes"),
        ("--parts mouth", "dense_mapping", "--checkpoint: .*dense_mapping"),
        ("--region me.png --reference-mask you_mask.png", "portrait_editing", "--checkpoint: .*portrait_editing"),
    ],
)
def test_what_can_not_be_done_is_one_line(do, options, task, message):
    with pytest.raises(UserError, match=message) as error:
        do(options, task)
    assert "\n" not in str(error.value)


def test_an_empty_region_is_an_error(do, people):
    Image.new("L", (48, 48)).save(people / "empty.png")
    with pytest.raises(UserError, match="--region: it is empty; paint where the exemplar should show, or name parts"):
        do("--region empty.png")
    Image.new("L", (48, 40)).save(people / "oblong.png")
    with pytest.raises(UserError, match=r"oblong\.png: 48x40 pixels; give a square picture, of the face"):
        do("--region oblong.png")


def test_gates_are_those_that_the_trained_classifier_says(people, random_runs, monkeypatch):
    editor, mine, yours = ExemplarEditor(random_runs / "att_ebgan"), opened(people, "me"), opened(people, "you")
    given, encode = [], editor._encode
    monkeypatch.setitem(editor.__dict__, "_encode", lambda *each: given.append(each[2]) or encode(*each))
    editor.edit(mine, yours, np.ones((64, 64), np.uint8))
    classify = load_model(random_runs / "att_ebgan", ("classify",), "--checkpoint").compile("classify")
    covered = covers(np.ones((1, 64, 64), bool), scale_mask(mine.mask, 64)[None], editor.attributes)
    for gates, each in zip(given, (mine, yours), strict=True):
        shows = classify(scale_photo(each.subject.face, 64)[None]) > 0
        np.testing.assert_array_equal(gates, shows & covered)


def test_parts_at_different_places_are_told(people, random_runs, caplog):
    editor, mine, yours = ExemplarEditor(random_runs / "ebgan"), opened(people, "me"), opened(people, "you")
    away = yours._replace(mask=np.roll(yours.mask, 20, axis=1))
    editor.region_of(mine, mine, ["mouth"])
    assert not caplog.records
    editor.region_of(mine, away, ["mouth"])
    assert "mouth: boxes in photo and exemplar overlap by" in caplog.text
