"""200 generated malformed inputs: each gives a one-line error or the right result, and never half a file."""

import functools
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.labels import NUM_CLASSES, PALETTE
from data_pipeline.synthetic_faces import face, render
from maskgan_jax import edit, tasks
from maskgan_jax.editing import file_commands
from maskgan_jax.editing.editor import Editor
from maskgan_jax.inference.export import export_run
from maskgan_jax.photos import face_detection
from maskgan_jax.photos.files import read_label_map, read_photo, write_label_map, write_photo
from maskgan_jax.tasks.task import Task

SIZE = 64

Corruption = Callable[[Path, np.random.Generator], None]


def random_bytes(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(rng.bytes(rng.integers(0, 3000)))


def truncated(path: Path, rng: np.random.Generator) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.integers(0, len(content))])


def flipped(path: Path, rng: np.random.Generator) -> None:
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), 5):
        content[place] ^= 1 << rng.integers(0, 8)
    path.write_bytes(content)


def deleted(path: Path, rng: np.random.Generator) -> None:
    path.unlink()


def replaced_by_a_folder(path: Path, rng: np.random.Generator) -> None:
    path.unlink()
    path.mkdir()


def another_size(path: Path, rng: np.random.Generator) -> None:
    size = rng.choice([1, 2, 3, 63, 64, 65, 200], 2)
    Image.open(path).resize([int(side) for side in size], Image.Resampling.NEAREST).save(path)


def another_mode(path: Path, rng: np.random.Generator) -> None:
    mode = rng.choice(["1", "L", "LA", "P", "RGB", "RGBA", "I", "F", "CMYK"])
    image = Image.open(path).convert("RGB").convert(str(mode))
    image.save(path, format="TIFF" if mode in ("I", "F", "CMYK") else "PNG")


def bad_labels(path: Path, rng: np.random.Generator) -> None:
    Image.fromarray(rng.integers(0, 256, (SIZE, SIZE), np.uint8)).save(path)


def off_the_palette(path: Path, rng: np.random.Generator) -> None:
    painted = PALETTE[rng.integers(0, NUM_CLASSES, (SIZE, SIZE))]
    painted[tuple(rng.integers(0, SIZE, 2))] += 1
    Image.fromarray(painted).save(path)


def renumbered(path: Path, rng: np.random.Generator) -> None:
    Image.open(path).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE).save(path)


BYTE_CORRUPTIONS = (random_bytes, truncated, flipped, deleted, replaced_by_a_folder)
IMAGE_CORRUPTIONS = (*BYTE_CORRUPTIONS, another_size, another_mode, bad_labels, off_the_palette, renumbered)


@pytest.fixture(scope="module")
def originals(runs, tmp_path_factory) -> Path:
    """Valid files: two photos with their masks, an edited mask, and an export of trained networks."""
    folder = tmp_path_factory.mktemp("originals")
    for name, index in (("image", 9), ("reference_image", 19)):
        photo, mask = render(face(0, index).geometry, face(0, index).style, SIZE)
        write_photo(photo, folder / f"{name}.png")
        write_label_map(mask, folder / f"{name.replace('image', 'mask')}.png")
    shutil.copy(folder / "reference_mask.png", folder / "edited_mask.png")
    export_run(runs / "ebst", folder / "model")
    return folder


@pytest.fixture(scope="module")
def one_editor() -> Iterator[None]:
    """Loads the same networks once, and searches small photos for faces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_commands, "Editor", functools.cache(Editor))
        patch.setattr(face_detection, "SEARCH_SIDE", 400)
        yield


def command_of(name: str, folder: Path, model: Path, runs: Path) -> tuple[Callable[[], None], list[str], Path]:
    """Return a command on the folder's files as a function, the names of the files that it reads, and its output."""
    files = {
        key: folder / f"{key}.png" for key in ("image", "mask", "reference_image", "reference_mask", "edited_mask")
    }
    networks = ["--checkpoint", str(model), "--face-parser", str(runs / "face_parser")]
    subject = ["--image", str(files["image"]), "--mask", str(files["mask"])]
    reference = ["--reference-image", str(files["reference_image"]), "--reference-mask", str(files["reference_mask"])]
    edited = ["--edited-mask", str(files["edited_mask"]), "--keep-outside"]
    out = folder / "out.png"
    arguments, read = {
        "edit": ([*networks, *subject, *edited], ["image", "mask", "edited_mask"]),
        "style": ([*networks, *subject, *reference], ["image", "mask", "reference_image", "reference_mask"]),
        "transfer": (
            [*networks, *subject, *reference[2:], "--parts=smile"], ["image", "mask", "reference_mask"]
        ),
        "interpolate": ([*networks, *subject, *reference[2:], "--frames=2"], ["image", "mask", "reference_mask"]),
        "parse": ([*networks[2:], *subject[:2], "--no-align"], ["image"]),
        "align": (subject[:2], ["image"]),
    }[name]  # fmt: skip
    options = edit.parser().parse_args([name, *arguments, "--out", str(out)])
    return lambda: edit.main(options), read, out


@pytest.mark.slow
@pytest.mark.parametrize("command", ["edit", "style", "transfer", "interpolate", "parse", "align"])
def test_corrupt_images_are_refused_or_give_the_right_result(command, runs, originals, one_editor, tmp_path):
    """25 cases for each command, 150 in all; files that are read as the originals give the original result."""
    model = originals / "model"
    run, _, out = command_of(command, originals, model, runs)
    run()
    expected = np.asarray(Image.open(out))
    out.unlink()
    refused = same = 0
    for case in range(25):
        rng = np.random.default_rng([case, sum(command.encode())])
        folder = tmp_path / str(case)
        shutil.copytree(originals, folder, ignore=shutil.ignore_patterns("model"))
        run, read, out = command_of(command, folder, model, runs)
        victim = folder / f"{rng.choice(read)}.png"
        corruption = IMAGE_CORRUPTIONS[rng.integers(len(IMAGE_CORRUPTIONS))]
        corruption(victim, rng)
        name = f"{command}, case {case}: {victim.name} {corruption.__name__}"
        refused += outcome(run, folder, out, name) == "refused"
        if out.exists():
            assert Image.open(out).mode in ("RGB", "P")
            if reads_alike(victim, originals / victim.name):
                same += 1
                np.testing.assert_array_equal(np.asarray(Image.open(out)), expected, err_msg=name)
    assert refused >= 10
    assert (
        same >= 1 or "mask" not in read
    )  # renumbered palettes leave a mask as it is; photos are seldom left as they are


@pytest.mark.slow
def test_corrupt_exports_are_refused_or_edit(runs, originals, tmp_path, monkeypatch):
    """30 cases, each a file of the export; a config that stays as it was makes the same task, compiled once."""
    made, make = {}, tasks.make

    def make_once(config: ConfigDict) -> Task:
        key = repr(config.to_dict())
        if key not in made:
            made[key] = make(config)
        return made[key]

    monkeypatch.setattr(tasks, "make", make_once)
    refused = 0
    for case in range(30):
        rng = np.random.default_rng([case, 1])
        folder = tmp_path / str(case)
        shutil.copytree(originals, folder)
        files = sorted(path for path in (folder / "model").rglob("*") if path.is_file())
        victim = files[rng.integers(len(files))]
        corruption = BYTE_CORRUPTIONS[rng.integers(len(BYTE_CORRUPTIONS))]
        corruption(victim, rng)
        run, _, out = command_of("edit", folder, folder / "model", runs)
        name = f"model, case {case}: {victim.relative_to(folder)} {corruption.__name__}"
        refused += outcome(run, folder, out, name) == "refused"
    assert refused >= 5


@pytest.mark.slow
def test_corrupt_pytorch_files_are_refused_or_imported(runs, tmp_path):
    """20 cases."""
    pytest.importorskip("torch")
    from maskgan_jax.interop import transfer
    from maskgan_jax.runs.directory import load_config

    good = tmp_path / "good.pth"
    transfer.export_model(runs / "dense_mapping", good, "generator")
    config = load_config(runs / "dense_mapping")
    refused = 0
    for case in range(20):
        rng = np.random.default_rng([case, 2])
        folder = tmp_path / str(case)
        folder.mkdir()
        shutil.copy(good, folder / "weights.pth")
        corruption = BYTE_CORRUPTIONS[rng.integers(len(BYTE_CORRUPTIONS))]
        corruption(folder / "weights.pth", rng)
        run = partial(transfer.import_model, folder / "weights.pth", folder / "model", "generator", config)
        refused += outcome(run, folder, folder / "model", f"weights, case {case}: {corruption.__name__}") == "refused"
    assert refused >= 10


def outcome(run: Callable[[], None], folder: Path, out: Path, case: str) -> str:
    """Run a case; return `refused` after a one-line error that left no file, or `done`."""
    before = everything(folder)
    refusal = None
    try:
        run()
    except UserError as error:
        refusal = str(error)
    except Exception as error:
        raise AssertionError(f"{case}: {type(error).__name__}: {error}") from error
    if refusal is not None:
        assert len(refusal.splitlines()) == 1, f"{case}: {refusal}"
        assert everything(folder) == before, case
        return "refused"
    assert out.exists(), case
    assert not [path for path in everything(folder) - before if "partial" in path], case
    return "done"


def reads_alike(a: Path, b: Path) -> bool:
    read = read_label_map if "mask" in a.name else read_photo
    return np.array_equal(read(a), read(b))


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
