"""The commands that make the tables on rendered faces."""

import importlib

from launch import evaluation


def test_judges_are_trained_where_the_config_looks_for_them_on_the_faces_that_it_compares():
    commands = dict(evaluation.commands())
    config = importlib.import_module("configs.evaluation").get_config("quickstart")
    assert list(commands) == ["faces", "attribute_classifier", "face_parser", "tables"]
    assert f"--out={config.data.directory}" in commands["faces"]
    assert f"--size={config.data.size}" in commands["faces"]
    for judge in ("attribute_classifier", "face_parser"):
        assert f"--workdir={config.judges[judge]}" in commands[judge]
        assert f"--config.data.directory={config.data.directory}" in commands[judge]
