"""A run's export: accepted wherever a run is, generates the same, and its serialised functions need JAX alone."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from etils import epath
from orbax.checkpoint import StandardCheckpointHandler

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import EDITS, face, render
from maskgan_jax.editing.editor import Editor
from maskgan_jax.inference.export import export_run
from maskgan_jax.inference.models import load_network

SIZE = 64


@pytest.fixture(scope="module")
def exported(runs, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "ebst"
    export_run(runs / "ebst", out)
    return out


@pytest.fixture(scope="module")
def edit() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo, mask and edited mask."""
    original = face(0, 9)
    _, edited = render(EDITS["open_mouth"](original.geometry), original.style, SIZE)
    return *render(original.geometry, original.style, SIZE), edited


def test_the_editor_generates_the_same_from_the_export(runs, exported, edit):
    photo, mask, edited = edit
    generated = [editor.edit(editor.portrait(photo, mask), edited) for editor in map(Editor, (runs / "ebst", exported))]
    np.testing.assert_array_equal(*generated)


def test_the_mask_vae_is_exported_with_its_batch_statistics(runs, exported):
    of_run, of_export = (load_network(each, "mask_vae", "test").variables for each in (runs / "ebst", exported))
    assert of_run["mask_vae"].keys() == {"params", "batch_stats"}
    jax.tree.map(np.testing.assert_array_equal, of_run, of_export)


def test_half_precision_halves_the_weights_and_loads_as_float32(runs, exported, tmp_path):
    export_run(runs / "ebst", tmp_path / "half", functions=False, half=True)
    whole, half = (load_network(each, "mask_vae", "test").variables for each in (exported, tmp_path / "half"))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6), whole, half)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(half)} == {"float32"}
    for folder, dtype in ((exported, "float32"), (tmp_path / "half", "float16")):
        saved = StandardCheckpointHandler().metadata(epath.Path(folder) / "checkpoints" / "0" / "default")
        assert {leaf.dtype for leaf in jax.tree.leaves(saved.tree) if leaf.shape} == {np.dtype(dtype)}
    assert not list((tmp_path / "half").glob("*.jax_export"))


def test_nothing_that_only_training_needs_is_in_it(exported):
    saved = "".join(path.read_text(errors="ignore") for path in exported.rglob("_METADATA"))
    assert "generator" in saved
    assert not any(name in saved for name in ("discriminator", "opt_state", "alpha_blender", "ema_params"))


def test_the_serialised_functions_run_where_the_package_is_not_installed(exported, edit, tmp_path):
    photo, mask, edited = edit
    np.savez(tmp_path / "inputs.npz", photos=photo[None], masks=mask[None], edited=np.stack([edited, mask]))
    program = f"""
import sys
sys.modules["maskgan_jax"] = sys.modules["flax"] = None  # importing either fails
import numpy as np
from jax import export
encode_style, generate = (
    export.deserialize(open(f"{exported}/{{name}}.jax_export", "rb").read()) for name in ("encode_style", "generate")
)
assert generate.platforms == ("cpu", "cuda", "tpu")
inputs = np.load("inputs.npz")
style = encode_style.call(inputs["photos"], inputs["masks"])
np.save("generated.npy", generate.call(inputs["edited"], np.repeat(style, 2, axis=0)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    editor = Editor(exported)
    portrait = editor.portrait(photo, mask)
    expected = [editor.edit(portrait, edited), editor.edit(portrait, mask)]
    # A batch of two may round otherwise than two of one.
    np.testing.assert_allclose(np.load(tmp_path / "generated.npy").astype(int), np.stack(expected), atol=1)


def test_a_folder_that_holds_something_is_left_alone(runs, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and is no empty folder"):
        export_run(runs / "ebst", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
