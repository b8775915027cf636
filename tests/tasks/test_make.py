"""How a task is found by the name in a config, which may be a stranger's."""

import sys

import pytest
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax import tasks


@pytest.mark.parametrize("name", ["stranger.task", "stranger", "gan", "", "os", "../stranger/task", "task"])
def test_nothing_but_tasks_is_imported_or_taken_for_one(name, tmp_path, monkeypatch):
    package = tmp_path / "stranger"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "task.py").write_text("make = dict")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=rf"there is no task '{name}'; the tasks are .*ebst, face_parser, mask_vae"):
        tasks.make(ConfigDict({"task": name}))
    assert "stranger" not in sys.modules
