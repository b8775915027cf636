"""The edit command's sub-command for ELEGANT, on image files, with networks of random weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import face, render
from maskgan_jax import edit
from maskgan_jax.editing.exchanges import AttributeExchanger, add_difference
from maskgan_jax.editing.session import open_photo
from maskgan_jax.inference.export import export_run
from maskgan_jax.inference.models import load_model
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.scaling import scale_photo

SIZE = 96


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """A folder with a photo, larger than the networks' images, of each of two people."""
    folder = tmp_path_factory.mktemp("people")
    for index, name in enumerate(("me", "you")):
        original = face(0, index)
        write_photo(render(original.geometry, original.style, SIZE)[0], folder / f"{name}.png")
    return folder


@pytest.fixture
def do(people, random_runs, monkeypatch, tmp_path) -> Callable[..., np.ndarray]:
    """Run the command in this process and return its result."""
    monkeypatch.chdir(people)

    def run(options: str, checkpoint: Path = random_runs / "elegant") -> np.ndarray:
        given = "--no-align --image me.png --reference-image you.png"
        command = f"exchange {given} {options} --checkpoint={checkpoint} --out={tmp_path}/out.png"
        edit.main(edit.parser().parse_args(command.split()))
        return pixels(tmp_path / "out.png")

    return run


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def exchanged(people: Path, run: Path, gates: list[float]) -> np.ndarray:
    """Return what the inference function makes of the photos at the networks' size."""
    photos = [scale_photo(pixels(people / f"{name}.png"), 64)[None] for name in ("me", "you")]
    exchange = load_model(run, ("exchange",), "--checkpoint").compile("exchange")
    return np.asarray(exchange(*photos, np.array([gates], np.float32)))[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "gates"),
    [
        ("--attribute Smiling", [1, 0]),
        ("--attribute Eyeglasses --strength=0.5", [0, 0.5]),
        ("--attribute Smiling Eyeglasses", [1, 1]),
    ],
)
def test_named_attributes_come_from_the_reference_at_the_photos_own_resolution(do, people, random_runs, options, gates):
    photo = pixels(people / "me.png")
    edited = exchanged(people, random_runs / "elegant", gates)
    result = do(options)
    assert result.shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(result, add_difference(photo, scale_photo(photo, 64), edited))
    assert (result != photo).mean() > 0.1


@pytest.mark.slow
def test_an_export_does_the_same_and_the_whole_photo_comes_back(do, people, random_runs, tmp_path):
    export_run(random_runs / "elegant", tmp_path / "exported", functions=False)
    expected = do("--attribute Smiling")
    np.testing.assert_array_equal(do("--attribute Smiling", tmp_path / "exported"), expected)
    tall = np.pad(pixels(people / "me.png"), ((8, 8), (0, 0), (0, 0)))
    subjects = [open_photo(each, align=False) for each in (tall, pixels(people / "you.png"))]
    pasted = AttributeExchanger(random_runs / "elegant").edit(*subjects, ["Smiling"], paste_back=True)
    assert pasted.shape == tall.shape
    assert not pasted[:7].any()
    assert np.abs(pasted[16:-16, 8:-8].astype(int) - expected[8:-8, 8:-8]).mean() < 2  # resampled where it is pasted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "run", "message"),
    [
        (
            "--attribute Laughing",
            "elegant",
            "--attribute: no attribute Laughing; the run at .*elegant has Smiling, Eyeg",
        ),
        ("--attribute Smiling", "ebgan", r"--checkpoint: the run at .*ebgan trained ebgan, which has no function exch"),
    ],
)
def test_what_can_not_be_done_is_one_line(do, random_runs, options, run, message):
    with pytest.raises(UserError, match=message) as error:
        do(options, random_runs / run)
    assert "\n" not in str(error.value)


def test_a_difference_is_added_to_a_face_of_another_size_and_clipped():
    face = np.full((4, 4, 3), 200, np.uint8)
    face[0, 0] = (3, 120, 254)
    photo, brighter, darker = (np.full((2, 2, 3), level, np.uint8) for level in (100, 110, 95))
    np.testing.assert_array_equal(add_difference(face, photo, photo), face)
    np.testing.assert_array_equal(add_difference(face, photo, brighter)[0, :2], [[13, 130, 255], [210] * 3])
    np.testing.assert_array_equal(add_difference(face, photo, darker)[0, 0], [0, 115, 249])
