"""A system that the package does not know, trained by the ordinary command and taken by what the others call."""

import json
import os
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import export

from data_pipeline.synthetic_faces import face, render
from maskgan_jax.inference.export import export_run
from maskgan_jax.inference.models import load_model, load_network
from maskgan_jax.runs.directory import load_config
from maskgan_jax.training.step_benchmark import measure_step
from tests.commands import run_command
from tests.tiny_system.config import get_config
from tests.train import train

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory, module_monkeypatch) -> Path:
    """The metadata of an installed package that offers the task, first on Python's path."""
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "tiny_system-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-system\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[maskgan_jax.tasks]\nrecolour = tests.tiny_system.task\n")
    module_monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    module_monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(scope="module")
def module_monkeypatch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def trained(installed, faces, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny_system") / "run"
    settings = {"data.directory": faces, "batch_size": 8, "num_train_steps": 40, "log_every_steps": 1,
                "checkpoint_every_steps": 20, "evaluators.metrics.every_steps": 20,
                "visualize_every_steps": 40}  # fmt: skip
    fields = [f"--config.{name}={value}" for name, value in settings.items()]
    done = run_command("maskgan_jax.main", "--config=tests/tiny_system/config.py", *fields, f"--workdir={folder}")
    assert done.returncode == 0, done.stderr
    return folder


def logged(run: Path) -> list[dict[str, float]]:
    """Losses and metrics of every step, without timings."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    kept = ("step", "train/", "validation/")
    return [{name: value for name, value in line.items() if name.startswith(kept)} for line in lines]


@pytest.mark.slow
def test_it_trains_evaluates_and_visualizes(trained):
    lines = logged(trained)
    l1 = [line["train/l1"] for line in lines if "train/l1" in line]
    assert l1[-1] < 0.7 * l1[0]
    evaluations = {line["step"]: line["validation/psnr"] for line in lines if "validation/psnr" in line}
    assert evaluations[40] > evaluations[20]
    assert (trained / "pictures/step_0000040.png").exists()


@pytest.mark.slow
def test_it_resumes_with_the_same_losses_and_metrics(trained, tmp_path):
    resumed = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(resumed / "checkpoints/40")
    train(load_config(resumed), resumed)
    assert logged(resumed) == logged(trained)


@pytest.mark.slow
def test_it_is_benchmarked(installed):
    config = get_config()
    config.batch_size = 2
    results = measure_step(config, runs=1, steps=1)
    # Two convolutions and a dense layer: 3 x 3 x 19 x 8 + 8, 8 x 3 + 3, 43 x 8 + 8.
    assert results["parameters, recolourer"] == 1376 + 27 + 352


@pytest.mark.slow
def test_its_export_runs_by_jax_alone_and_equals_the_ema_of_the_run(trained, tmp_path):
    export_run(trained, tmp_path / "exported")
    one, other = (face(0, index) for index in (1, 2))
    _, mask = render(one.geometry, one.style, 64)
    photo_ref, _ = render(other.geometry, other.style, 64)
    inputs = mask[None], photo_ref[None], np.ones((1, 40), np.int8)

    model = load_model(trained, ["recolour"], "test")
    expected = model.compile("recolour")(*inputs)
    recolour = export.deserialize((tmp_path / "exported/recolour.jax_export").read_bytes())

    np.testing.assert_allclose(np.asarray(recolour.call(*inputs), int), np.asarray(expected, int), atol=1)
    from_export = load_model(tmp_path / "exported", ["recolour"], "test").variables
    jax.tree.map(np.testing.assert_array_equal, from_export, model.variables)


@pytest.mark.slow
def test_its_weights_go_to_pytorch_and_back(trained, tmp_path):
    torch = pytest.importorskip("torch")
    from maskgan_jax.interop.transfer import export_model, import_model

    file, folder = tmp_path / "weights.pth", tmp_path / "imported"
    export_model(trained, file, "recolourer")
    import_model(file, folder, "recolourer", get_config())

    assert torch.load(file, weights_only=True)["stem.weight"].shape == (8, 19, 3, 3)
    assert torch.load(file, weights_only=True)["to_scale.weight"].shape == (8, 43)
    ours, theirs = (load_network(each, "recolourer", "test").variables for each in (trained, folder))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_the_package_does_not_know_it():
    for package in ("maskgan_jax", "configs", "data_pipeline"):
        for file in (PROJECT / package).rglob("*.py"):
            assert "recolour" not in file.read_text(), file
