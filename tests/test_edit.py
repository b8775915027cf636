"""The edit command and its sub-commands, on image files, with the networks of tiny runs."""

import functools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax import edit
from maskgan_jax.editing import file_commands
from maskgan_jax.editing.editor import Editor
from maskgan_jax.photos.files import read_label_map, read_photo, write_label_map, write_photo
from tests.commands import run_command

SIZE = 64


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """PNG files of 96 px: a photo, its mask and an edited mask; another photo and its mask."""
    original, other = face(0, 9), face(0, 19)
    photo, mask = render(original.geometry, original.style, 96)
    _, edited = render(EDITS["open_mouth"](original.geometry), original.style, 96)
    other_photo, other_mask = render(other.geometry, other.style, 96)
    pixels = {"image": photo, "mask": mask, "edited": edited, "other": other_photo, "other_mask": other_mask}
    for name, array in pixels.items():
        write = write_label_map if array.ndim == 2 else write_photo
        write(array, tmp_path / f"{name}.png")
    return {name: tmp_path / f"{name}.png" for name in pixels}


load_once = functools.cache(Editor)


@pytest.fixture
def do(runs, monkeypatch):
    """Run a command in this process, with the folders of the tiny runs as far as it has options for them."""
    monkeypatch.setattr(file_commands, "Editor", load_once)

    def run(command: str, *arguments: object) -> None:
        folders = {"--checkpoint": runs / "ebst", "--face-parser": runs / "face_parser"}
        if command in ("parse", "align"):
            del folders["--checkpoint"]
        if command == "align":
            folders = {}
        options = [str(part) for pair in folders.items() for part in pair]
        edit.main(edit.parser().parse_args([command, *options, *map(str, arguments)]))

    return run


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.slow
def test_options_without_a_command_edit_a_photo(runs, files, tmp_path):
    """As typed in a shell; nothing but the result is written, and nothing printed."""
    done = run_command(
        "maskgan_jax.edit", f"--checkpoint={runs / 'ebst'}", f"--image={files['image']}", f"--mask={files['mask']}",
        f"--edited-mask={files['edited']}", f"--out={tmp_path / 'out.png'}",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    editor = Editor(runs / "ebst")
    portrait = editor.portrait(read_photo(files["image"]), read_label_map(files["mask"]))
    expected = editor.edit(portrait, read_label_map(files["edited"]))
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected)


def test_keep_outside_writes_the_photo_at_its_own_size_and_changes_only_the_edit(do, files, tmp_path):
    do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"],
       "--keep-outside", "--feather", 2, "--out", tmp_path / "out.png")  # fmt: skip
    photo, result = pixels(files["image"]), pixels(tmp_path / "out.png")
    changed = pixels(files["mask"]) != pixels(files["edited"])
    near = binary_dilation(changed, np.ones((5, 5)))
    np.testing.assert_array_equal(result[~near], photo[~near])
    assert (result[changed] != photo[changed]).any()


def test_several_edits_of_one_photo_encode_its_style_once(do, files, tmp_path, monkeypatch):
    calls = []
    encode_style = Editor.encode_style
    monkeypatch.setattr(Editor, "encode_style", lambda *given: calls.append(1) or encode_style(*given))

    do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"], files["mask"],
       files["other_mask"], "--out", tmp_path / "results")  # fmt: skip

    assert len(calls) == 1
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == ["edited.png", "mask.png", "other_mask.png"]


def test_options_with_an_equals_sign_may_be_repeated(do, files, tmp_path):
    do("edit", f"--image={files['image']}", f"--mask={files['mask']}", f"--edited-mask={files['edited']}",
       f"--edited-mask={files['mask']}", f"--out={tmp_path / 'v1.0'}")  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "v1.0").iterdir()) == ["edited.png", "mask.png"]


def test_results_after_a_failed_one_are_written(do, files, tmp_path, capsys):
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(UserError, match="1 of 3 results not written, for the reasons above"):
        do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"],
           tmp_path / "bad.png", files["other_mask"], "--out", tmp_path / "results")  # fmt: skip
    assert "bad.png: not an image" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["edited.png", "other_mask.png"]


def test_a_result_that_can_not_be_written_is_named(do, files, tmp_path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(UserError, match=r"file/out\.png: can't be written \("):
        do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"],
           "--out", tmp_path / "file" / "out.png")  # fmt: skip


def test_paste_back_measures_the_feather_in_px_of_the_photo(do, files, tmp_path):
    """The photo is larger than what the networks generate; with a mask the face is the whole photo."""
    do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"], "--keep-outside",
       "--feather", 0, "--paste-back", "--out", tmp_path / "out.png")  # fmt: skip
    photo, result = pixels(files["image"]), pixels(tmp_path / "out.png")
    changed = pixels(files["mask"]) != pixels(files["edited"])
    np.testing.assert_array_equal(result[~changed], photo[~changed])
    assert (result[changed] != photo[changed]).any(-1).mean() > 0.9


def test_an_edit_with_the_mask_that_parse_writes_changes_nothing(do, tmp_path):
    """Both cut out the same face, whatever the sizes of the networks."""
    original = face(0, 9)
    canvas = np.full((600, 800, 3), 128, np.uint8)
    canvas[40:552, 100:612] = render(original.geometry, original.style, 512)[0]
    Image.fromarray(canvas).save(tmp_path / "me.png")
    do("parse", "--image", tmp_path / "me.png", "--out", tmp_path / "parsed.png")
    do("edit", "--image", tmp_path / "me.png", "--edited-mask", tmp_path / "parsed.png", "--keep-outside",
       "--paste-back", "--out", tmp_path / "out.png")  # fmt: skip
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), canvas)


def test_style_generates_the_photos_mask_in_the_references_style(do, runs, files, tmp_path):
    do("style", "--image", files["image"], "--mask", files["mask"], "--reference-image", files["other"],
       "--reference-mask", files["other_mask"], "--out", tmp_path / "out.png")  # fmt: skip
    editor = Editor(runs / "ebst")
    reference = editor.portrait(read_photo(files["other"]), read_label_map(files["other_mask"]))
    expected = editor.edit(reference, read_label_map(files["mask"]))
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected)


def test_transfer_takes_a_mask_as_reference(do, runs, files, tmp_path):
    do("transfer", "--image", files["image"], "--mask", files["mask"], "--reference-mask", files["other_mask"],
       "--parts", "smile,hair", "--out", tmp_path / "out.png")  # fmt: skip
    editor = Editor(runs / "ebst")
    portrait = editor.portrait(read_photo(files["image"]), read_label_map(files["mask"]))
    expected = editor.transfer(portrait, read_label_map(files["other_mask"]), ["smile", "hair"])
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected)


@pytest.mark.parametrize("name", ["frames.gif", "frames.png"])
def test_interpolate_writes_a_gif_or_a_strip(do, files, tmp_path, name):
    do("interpolate", "--image", files["image"], "--mask", files["mask"], "--reference-mask", files["other_mask"],
       "--frames", 3, "--out", tmp_path / name)  # fmt: skip
    with Image.open(tmp_path / name) as result:
        assert result.size == ((SIZE, SIZE) if name == "frames.gif" else (3 * SIZE, SIZE))


def test_parse_writes_labels_as_a_palette_image(do, runs, files, tmp_path):
    do("parse", "--no-align", "--image", files["image"], "--out", tmp_path / "mask.png")
    expected = Editor(face_parser=runs / "face_parser").parse(read_photo(files["image"]))
    np.testing.assert_array_equal(read_label_map(tmp_path / "mask.png"), expected)
    assert Image.open(tmp_path / "mask.png").mode == "P"


def test_a_photo_without_a_mask_is_aligned_edited_and_pasted_back(do, tmp_path):
    original = face(0, 9)
    canvas = np.full((700, 900, 3), 128, np.uint8)
    canvas[100:612, 200:712] = render(original.geometry, original.style, 512)[0]
    Image.fromarray(canvas).save(tmp_path / "me.png")
    do("align", "--image", tmp_path / "me.png", "--size", 128, "--out", tmp_path / "face.png")
    do("parse", "--image", tmp_path / "me.png", "--out", tmp_path / "mask.png")
    assert pixels(tmp_path / "face.png").shape == (128, 128, 3)
    painted = read_label_map(tmp_path / "mask.png").copy()
    painted[30:40, 30:40] = (painted[30:40, 30:40] + 1) % 19
    write_label_map(painted, tmp_path / "painted.png")

    do("edit", "--image", tmp_path / "me.png", "--edited-mask", tmp_path / "painted.png", "--keep-outside",
       "--feather", 2, "--paste-back", "--out", tmp_path / "out.png")  # fmt: skip

    result = pixels(tmp_path / "out.png")
    assert result.shape == canvas.shape
    changed = (result != canvas).any(-1)
    assert 0 < changed.mean() < 0.2


def test_a_photo_without_a_face_is_named_with_what_to_do(do, tmp_path):
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "wall.png")
    with pytest.raises(UserError, match=r"wall\.png: .*--no-align"):
        do("parse", "--image", tmp_path / "wall.png", "--out", tmp_path / "parsed.png")
    assert not (tmp_path / "parsed.png").exists()


@pytest.mark.parametrize("size", [48, 192])
def test_masks_of_half_and_twice_the_photos_size_give_the_result_of_masks_of_its_size(do, files, tmp_path, size):
    """The masks are rendered at 48 px, so that their scaled copies have the same content at every size."""
    original = face(0, 9)
    masks = [render(EDITS[name](original.geometry), original.style, 48)[1] for name in ("open_mouth", "longer_hair")]
    results = []
    for side in (size, 96):
        for name, mask in zip(("mask", "edited"), masks, strict=True):
            write_label_map(mask.repeat(side // 48, axis=0).repeat(side // 48, axis=1), files[name])
        do("edit", "--image", files["image"], "--mask", files["mask"], "--edited-mask", files["edited"],
           "--keep-outside", "--out", tmp_path / f"{side}.png")  # fmt: skip
        results.append(pixels(tmp_path / f"{side}.png"))
    np.testing.assert_array_equal(*results)
    assert (results[0] != pixels(files["image"])).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--out": "out"}, r"--out: .*out has no suffix of a format to write; end it in \.png or \.jpg or \.jpeg"),
        ({"--mask": "wide_mask"}, r"image\.png with .*wide_mask\.png: the mask has 96x48 pixels; give a square mask"),
        ({"--edited-mask": "wide_mask"}, r"wide_mask\.png: the mask has 96x48 pixels; give a square mask"),
        ({"--image": "wide"}, r"wide\.png with .*: the photo has 96x48 pixels; a photo that comes with a mask is a sq"),
        ({"--image": "wide", "--mask": "wide_mask"}, r"wide\.png with .*: the photo has 96x48 pixels; .*edit align"),
        ({"--edited-mask": "nothing"}, r"nothing\.png: no such file"),
    ],
)
def test_files_that_can_not_be_used_are_named_and_nothing_is_written(do, files, tmp_path, change, message):
    write_label_map(read_label_map(files["mask"])[:48], tmp_path / "wide_mask.png")
    Image.open(files["image"]).crop((0, 0, 96, 48)).save(tmp_path / "wide.png")
    given = {"--image": "image", "--mask": "mask", "--edited-mask": "edited", "--out": "out.png"} | change
    arguments = [
        part
        for option, name in given.items()
        for part in (option, tmp_path / (name if option == "--out" else f"{name}.png"))
    ]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match=message):
        do("edit", *arguments)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "a.png", "b.png", "--edited-mask", "c.png", "d.png", "e.png", "--out", "o"], "--image: 2 files"),
        (["--image", "a.png", "b.png", "--edited-mask", "c.png", "--out", "o.png"], "--out: o.png is one file"),
        (["--image", "a.png", "b.png", "--mask", "m.png", "--edited-mask", "c.png", "--out", "o"], "--mask: 1 for 2"),
        (["--image", "a.png", "--mask", "m.png", "n.png", "--edited-mask", "c.png", "--out", "o"], "--mask: 2 for 1"),
        (["--image", "a.png", "--edited-mask", "c.png", "--out", "a.png"], "--out: a.png is one of the files to read"),
        (["--image", "x/a.png", "x/b.png", "--edited-mask", "c.png", "--out", "x"], "--out: x/a.png is one of the"),
        (
            ["--image", "a.png", "--mask", "m.png", "--face=1", "--edited-mask", "c.png", "--out", "o.png"],
            "--face: only",
        ),
        (["--image", "a.png", "x/a.png", "--edited-mask", "c.png", "--out", "o"], "two results would be named o"),
        (["--image", "a.png", "--no-align", "--face=1", "--edited-mask", "c.png", "--out", "o.png"], "--face: only"),
        (
            ["--image", "a.png", "--feather=3", "--edited-mask", "c.png", "--out", "o.png"],
            "--feather: only together with --keep-outside",
        ),
    ],
)
def test_files_and_options_that_exclude_each_other_are_refused(do, arguments, message):
    with pytest.raises(UserError, match=message):
        do("edit", *arguments)
