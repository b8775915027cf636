"""How a task is found by the name in a config, which may be a stranger's."""

import sys

import jax
import pytest
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config


@pytest.mark.parametrize("name", ["stranger.task", "stranger", "gan", "", "os", "../stranger/task", "task"])
def test_nothing_but_tasks_is_imported_or_taken_for_one(name, tmp_path, monkeypatch):
    package = tmp_path / "stranger"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "task.py").write_text("make = dict")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        UserError, match=rf"there is no task '{name}'; the tasks are .*ebst, elegant, face_parser, mask_vae"
    ):
        tasks.make(ConfigDict({"task": name}))
    assert "stranger" not in sys.modules


def test_widths_that_do_not_fit_the_size_are_named():
    config = tiny_config("mask_vae")
    config.data.size = 128
    task = tasks.make(config)
    message = r"config\.networks\.mask_vae and config\.data\.size make no such network \(MaskVAE: 128 px needs 5 widths"
    with pytest.raises(UserError, match=message):
        jax.eval_shape(lambda: init_state(task, jax.random.key(0), {}))
