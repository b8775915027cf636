"""The edit command's sub-command for StarGAN, on image files, with networks of random weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import face, render
from maskgan_jax import edit
from maskgan_jax.editing.attributes import AttributeEditor
from maskgan_jax.editing.session import open_photo
from maskgan_jax.inference.models import load_model
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.scaling import scale_photo
from maskgan_jax.runs.directory import load_config
from maskgan_jax.runs.models import save_model
from tests.random_run import write_random_run
from tests.tiny import tiny_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with photos and a run of two attributes."""
    folder = tmp_path_factory.mktemp("attributes")
    for index, name in enumerate(("me", "you")):
        original = face(0, index)
        write_photo(render(original.geometry, original.style, 96)[0], folder / f"{name}.png")
    config = tiny_config("stargan")
    config.attributes = ("Smiling", "Male")
    write_random_run(config, folder / "run")
    return folder


@pytest.fixture
def do(folder, random_runs, monkeypatch, tmp_path) -> Callable[..., np.ndarray]:
    """Run the command in this process and return its result."""
    monkeypatch.chdir(folder)

    def run(options: str, checkpoint: str = "run") -> np.ndarray:
        where = random_runs / checkpoint if checkpoint != "run" else folder / "run"
        command = f"attribute --image me.png --no-align {options} --checkpoint={where} --out={tmp_path}/out.png"
        edit.main(edit.parser().parse_args(command.split()))
        return pixels(tmp_path / "out.png")

    return run


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def generated(folder: Path, labels: list[float]) -> np.ndarray:
    model = load_model(folder / "run", ("set_attributes",), "--checkpoint")
    photo = scale_photo(pixels(folder / "me.png"), 64)[None]
    return np.asarray(model.compile("set_attributes")(photo, np.array([labels], np.float32)))[0]


def test_the_face_is_generated_with_the_labels_that_are_set(do, folder):
    np.testing.assert_array_equal(do("--set Smiling=1 Male=0"), generated(folder, [1, 0]))
    np.testing.assert_array_equal(do("--set Smiling=0 --set Male=1"), generated(folder, [0, 1]))
    assert do("--set Smiling=1 Male=0 --paste-back").shape == (96, 96, 3)


def test_an_attribute_that_is_not_set_stays_as_the_classes_see_it(do, folder):
    classify = load_model(folder / "run", ("classify",), "--checkpoint").compile("classify")
    own = float(classify(scale_photo(pixels(folder / "me.png"), 64)[None])[0, 1] > 0)
    np.testing.assert_array_equal(do("--set Smiling=1"), generated(folder, [1, own]))

    editor = AttributeEditor(folder / "run", {"Smiling": False})
    seen = []
    for logits in ([-1.0, 2.0], [3.0, -2.0]):
        editor.__dict__["_classify"] = lambda _, logits=logits: np.array([logits])
        seen.append(editor.labels(np.zeros((64, 64, 3), np.uint8))[0].tolist())
    assert seen == [[0, 1], [0, 0]]


def test_a_generator_by_itself_sets_all_attributes(folder, tmp_path):
    """As imported from a published file, which holds no discriminator."""
    variables = load_model(folder / "run", ("set_attributes",), "--checkpoint").variables
    save_model(
        tmp_path / "imported", load_config(folder / "run"), {"params": {n: v["params"] for n, v in variables.items()}}
    )
    subject = open_photo(pixels(folder / "me.png"), align=False)
    edited = AttributeEditor(tmp_path / "imported", {"Smiling": True, "Male": False}).edit(subject)
    np.testing.assert_array_equal(edited, generated(folder, [1, 0]))
    with pytest.raises(UserError, match=r"--set \(without Male\), --checkpoint: .*stargan_discriminator") as error:
        AttributeEditor(tmp_path / "imported", {"Smiling": True})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "checkpoint", "message"),
    [
        ("--set Bald=1", "run", "--set: no attribute Bald; the run at .*run has Smiling, Male"),
        ("--set Smiling=1 Smiling=0", "run", "--set: Smiling is given twice; name each once"),
        ("--set Smiling=1", "dense_mapping", "--checkpoint: .*dense_mapping, which has no function set_attributes"),
    ],
)
def test_what_can_not_be_done_is_one_line(do, options, checkpoint, message):
    with pytest.raises(UserError, match=message) as error:
        do(options, checkpoint)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", ["Smiling", "Smiling=2", "=1", "Smiling="])
def test_a_value_other_than_0_and_1_is_refused(value, capsys):
    with pytest.raises(SystemExit):
        edit.parser().parse_args(["attribute", "--image=me.png", "--out=out.png", "--set", value])
    assert f"{value} is no NAME=0 or NAME=1 such as Smiling=1" in capsys.readouterr().err
