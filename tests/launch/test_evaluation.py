"""The commands that make the tables on rendered faces."""

import importlib

from launch import evaluation


def test_judges_are_trained_where_the_config_looks_for_them_on_the_faces_that_it_compares():
    commands = dict(evaluation.commands())
    config = importlib.import_module("configs.evaluation").get_config("quickstart")
    judges = [f"{judge} of the tables" for judge in ("attribute_classifier", "face_parser")]
    assert list(commands) == ["faces of the tables", *judges, "tables"]
    assert f"--out={config.data.directory}" in commands["faces of the tables"]
    assert f"--size={config.data.size}" in commands["faces of the tables"]
    for judge, name in zip(("attribute_classifier", "face_parser"), judges, strict=True):
        assert f"--workdir={config.judges[judge]}" in commands[name]
        assert f"--config.data.directory={config.data.directory}" in commands[name]


def test_every_row_of_the_tables_has_a_model_once_all_systems_are_trained():
    commands = dict(evaluation.commands(evaluation.SYSTEMS))
    methods = importlib.import_module("configs.evaluation").get_config("quickstart").methods
    trained = {f"runs/{name}_quickstart" for name in evaluation.SYSTEMS}
    longer = methods.dense_mapping_longer  # as many updates as EBST's: launch.ebst_study, launch.pretrained
    assert set(methods.to_dict().values()) - trained == {"pretrained", longer}
    for system in evaluation.SYSTEMS:
        config = importlib.import_module(f"configs.{system}").get_config("quickstart")
        assert config.name == f"{system}_quickstart"
        assert f"--config=configs/{system}.py:quickstart" in commands[system]
