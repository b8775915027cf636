"""A run's saved config: compared at resume, extended where the code has more fields by then."""

import json
import shutil
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from configs import mask_vae
from data_pipeline.errors import UserError
from maskgan_jax.runs import directory
from tests.tiny import tiny_config
from tests.train import train
from tests.training.test_loop import logged_losses


def small_config() -> ConfigDict:
    return ConfigDict({"task": "painting", "seed": 0, "log_every_steps": 10, "networks": {"widths": (4, 8)}})


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A run's folder with the config above."""
    directory.save_config(tmp_path / "run", small_config())
    return tmp_path / "run"


def test_a_config_is_read_as_it_was_saved(workdir):
    config = small_config()
    config.networks.paths = ((1, 2), (3,))
    directory.save_config(workdir, config)
    assert directory.load_config(workdir) == config
    directory.check_same_run(workdir, config)


def test_a_field_that_changes_what_is_computed_may_not_differ_at_resume(workdir):
    config = small_config()
    config.seed = 1
    with pytest.raises(UserError, match=r"another config \(config\.seed is 0 there, 1 here\); give another --workdir"):
        directory.check_same_run(workdir, config)


def test_a_field_that_changes_nothing_computed_may_differ(workdir, warnings):
    config = small_config()
    config.log_every_steps = 20
    directory.check_same_run(workdir, config)
    assert warnings == []


def test_fields_that_another_version_of_the_code_added_or_removed_are_named_in_one_warning(workdir, warnings):
    config = small_config()
    del config.seed
    config.networks.activation = "relu"
    config.networks.depth = 3
    directory.check_same_run(workdir, config)
    (line,) = warnings
    assert "the values that they get: config.networks.activation = 'relu', config.networks.depth = 3; " in line
    assert line.endswith("which are ignored: config.seed")


def rewrite(workdir: Path, change) -> None:
    """Change the nested dictionaries of a saved config."""
    path = workdir / "config.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def test_a_run_of_another_version_of_the_code_resumes_with_the_same_losses_and_its_config_is_rewritten(
    faces, runs, tmp_path, warnings
):
    def change(fields: dict) -> None:
        del fields["optimiser"]["b2"]
        fields["retired"] = 1

    run = Path(shutil.copytree(runs / "mask_vae", tmp_path / "run"))
    shutil.rmtree(run / "checkpoints/6")
    rewrite(run, change)
    config = tiny_config("mask_vae", faces)
    config.batch_size = 2
    state = train(config, run)
    assert int(state.step) == 6
    assert logged_losses(run) == logged_losses(runs / "mask_vae")
    assert len([line for line in warnings if "config.optimiser.b2 = 0.999" in line and "config.retired" in line]) == 1
    assert (run / "config.json").read_bytes() == (runs / "mask_vae/config.json").read_bytes()


def test_fields_that_a_run_was_saved_without_are_read_from_its_tasks_config(tmp_path):
    def change(fields: dict) -> None:
        del fields["optimiser"]["b2"], fields["losses"]
        fields["retired"] = 1

    saved = mask_vae.get_config("small")
    saved.networks.mask_vae.latent_size = 7
    directory.save_config(tmp_path, saved)
    rewrite(tmp_path, change)
    loaded = directory.load_config(tmp_path)
    assert loaded.retired == 1
    del loaded.retired
    assert loaded == saved


@pytest.mark.parametrize(("field", "value"), [("task", "painting"), ("task", "../ebst"), ("variant", "tiny")])
def test_a_run_of_a_task_or_variant_without_a_config_is_read_as_it_was_saved(tmp_path, field, value):
    def change(fields: dict) -> None:
        del fields["losses"]
        fields[field] = value

    directory.save_config(tmp_path, mask_vae.get_config("small"))
    rewrite(tmp_path, change)
    loaded = directory.load_config(tmp_path)
    assert loaded[field] == value
    assert "losses" not in loaded


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no run there"), ("[1, 2]", "not a run's config"), ('{"task": ', "not a run's config")],
)
def test_a_folder_without_a_readable_config_is_no_run(tmp_path, content, message):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=f"{message}.*name a training run's folder"):
        directory.load_config(tmp_path)
