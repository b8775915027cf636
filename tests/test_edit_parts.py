"""The edit command's sub-commands for portrait editing, on image files, with networks of random weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.raw_layout import read_layout
from data_pipeline.synthetic_faces import face, render, write
from maskgan_jax import edit
from maskgan_jax.editing import file_commands, many_faces
from maskgan_jax.editing.draws import draw_sources
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.parts import WHOLE_FACE
from maskgan_jax.photos.files import write_label_map, write_photo

SIZE = 64
PEOPLE = ("me", "you", "other")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A photo and a mask of each of three people, and a data set of twelve faces."""
    folder = tmp_path_factory.mktemp("people")
    for index, name in enumerate(PEOPLE):
        original = face(0, index)
        photo, mask = render(original.geometry, original.style, SIZE)
        write_photo(photo, folder / f"{name}.png")
        write_label_map(mask, folder / f"{name}_mask.png")
    write(folder / "faces", count=12, size=SIZE, seed=0)
    return folder


@pytest.fixture(scope="module")
def people(folder, portrait_editor) -> dict[str, Portrait]:
    return {
        name: portrait_editor.portrait(pixels(folder / f"{name}.png"), pixels(folder / f"{name}_mask.png"))
        for name in PEOPLE
    }


@pytest.fixture
def do(folder, random_runs, portrait_editor, monkeypatch) -> Callable[..., None]:
    """Run a command in this process and the folder; its networks are compiled already."""

    def load(checkpoint: Path, *others: object, **options: object) -> Editor:
        return portrait_editor if checkpoint.name == "portrait_editing" else Editor(checkpoint)

    for module in (file_commands, many_faces):
        monkeypatch.setattr(module, "Editor", load)
    monkeypatch.chdir(folder)

    def run(command: str, checkpoint: str = "portrait_editing") -> None:
        arguments = f"{command} --checkpoint={random_runs / checkpoint}".split()
        edit.main(edit.parser().parse_args(arguments))

    return run


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_parts_takes_each_part_from_a_photo_of_its_own(do, people, portrait_editor, tmp_path):
    do("parts --image me.png --mask me_mask.png --part hair=you.png eyes=other.png --part mouth=you.png "
       f"--part-mask hair=you_mask.png eyes=other_mask.png --strength=0.5 --out={tmp_path}/out.png")  # fmt: skip
    references = {"hair": people["you"], "mouth": people["you"], "eyes": people["other"]}
    expected = portrait_editor.copy_parts(people["me"], references, strength=0.5)
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected)


def test_swap_puts_another_face_under_the_photos_hair(do, people, portrait_editor, tmp_path):
    do("swap --image me.png --mask me_mask.png --reference-image you.png --reference-mask you_mask.png --keep-hair "
       f"--out={tmp_path}/out.png")  # fmt: skip
    expected = portrait_editor.swap(people["me"], people["you"], keep_hair=True)
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected)


def test_generate_mixes_the_parts_of_photos_for_a_mask(do, people, portrait_editor, tmp_path):
    do("generate --image me.png --mask me_mask.png --edited-mask other_mask.png --reference-image you.png other.png "
       "--reference-mask you_mask.png other_mask.png --mix-parts --count=12 --seed=5 "
       f"--out={tmp_path}/out")  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"{number:02d}.png" for number in range(12)]
    chosen = (people["you"], people["other"])
    for name, row in zip(names, draw_sources(2, 12, len(WHOLE_FACE), seed=5), strict=True):
        sources = {part: chosen[place] for part, place in zip(WHOLE_FACE, row, strict=True)}
        expected = portrait_editor.assemble(people["other"].mask, sources, people["me"])
        np.testing.assert_array_equal(pixels(tmp_path / "out" / name), expected)


def test_generate_chooses_faces_of_a_data_set_each_with_its_background(do, people, folder, portrait_editor, tmp_path):
    do(f"generate --edited-mask me_mask.png --references faces --count=2 --out={tmp_path}/out")
    layout = read_layout(folder / "faces")
    for number, (place,) in enumerate(draw_sources(11, 2, 1, seed=0)):
        index = [*range(10), 11][place]  # face 10 has no hair for the mask's
        source = portrait_editor.portrait(np.asarray(layout.read_photo(index)), layout.read_label_map(index))
        expected = portrait_editor.assemble(people["me"].mask, {"all": source})
        np.testing.assert_array_equal(pixels(tmp_path / "out" / f"{number}.png"), expected)


def test_generate_makes_as_many_faces_as_there_are_photos(do, tmp_path):
    references = "--reference-image you.png other.png --reference-mask you_mask.png other_mask.png"
    do(f"generate --edited-mask me_mask.png {references} --out={tmp_path}/out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]


def test_augment_writes_a_data_set(do, tmp_path):
    do(f"augment --data faces --count=3 --seed=1 --keep-originals --same-attribute=Smiling --out={tmp_path}/out")
    assert list(read_layout(tmp_path / "out").celeba_index) == list(range(15))
    assert (tmp_path / "out" / "generated.tsv").read_text().startswith("idx\tmask\tall\n12\t")


MINE = "--image me.png --mask me_mask.png"
PARTS = f"parts {MINE} --part hair=you.png --part-mask"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"{PARTS} mouth=you_mask.png", "--part-mask: mouth has a mask, but no photo; give it too: --part mouth=FILE"),
        (
            f"{PARTS} hair=you_mask.png skin=me_mask.png --part skin=you.png",
            "--part-mask: you.png has two masks, you_mask.png and me_mask.png; give one",
        ),
        (f"{PARTS} hair=you_mask.png --part hair=other.png", "--part: hair is given twice; name each once"),
        (f"{PARTS} hair=you_mask.png --part all=other.png", "hair is given twice, as hair and as all"),
        ("generate --reference-image you.png", "--edited-mask: give the mask to generate faces for, or --image"),
        ("generate --edited-mask me_mask.png --mask me_mask.png --references faces", "--mask: that of --image; give"),
        (
            f"generate {MINE} --reference-image you.png other.png --reference-mask you_mask.png",
            "--reference-mask: 1 for 2 photos; every photo has its own mask",
        ),
        (f"generate {MINE} --references faces --count=13", "--count=13: 11 photos make 11 different faces; .*--mix-p"),
        (f"generate {MINE} --references nothing", "nothing: no such directory; a raw data directory holds"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(do, tmp_path, command, message):
    with pytest.raises(UserError, match=message):
        do(f"{command} --out={tmp_path}/out.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("read", ["you.png", "you_mask.png"])
def test_a_photo_of_a_part_is_not_overwritten(do, folder, read):
    before = (folder / read).read_bytes()
    with pytest.raises(UserError, match=f"--out: {read} is one of the files to read"):
        do(f"{PARTS} hair=you_mask.png --out={read}")
    assert (folder / read).read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [
        f"{PARTS} hair=you_mask.png",
        f"swap {MINE} --reference-image you.png --reference-mask you_mask.png",
        "generate --edited-mask me_mask.png --references faces --mix-parts",
        "augment --data faces --mix-parts",
    ],
)
def test_a_maskgan_run_has_no_styles_of_parts(do, tmp_path, command):
    message = r"--checkpoint: the run at .*dense_mapping has one style .*; give a run of configs/portrait_editing\.py"
    with pytest.raises(UserError, match=message):
        do(f"{command} --out={tmp_path}/out.png", checkpoint="dense_mapping")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["hair", "hair=", "nose=you.png", "=you.png"])
def test_a_part_is_given_with_its_file(value, capsys):
    with pytest.raises(SystemExit):
        edit.parser().parse_args(["parts", "--image=me.png", f"--part={value}", "--out=out.png"])
    error = capsys.readouterr().err
    assert error.startswith(f"error: argument --part: {value} is no PART=FILE such as hair=you.jpg; the parts are all,")
    assert error.count("\n") == 1
