"""The config of an evaluation that a test can afford."""

from ml_collections import ConfigDict

from configs import evaluation

SMILING, STYLE = 5, 12


def tiny_evaluation(faces, runs, random_runs, attribute_classifier) -> ConfigDict:
    """Return an evaluation of tiny models on the faces of the training split, since only four are for testing."""
    config = evaluation.get_config("quickstart")
    config.data.directory = str(faces)
    config.data.split = "train"
    config.pairs.smiling, config.pairs.style_copy = SMILING, STYLE
    for method in config.methods:
        config.methods[method] = ""
    config.methods.ebst, config.methods.dense_mapping = str(runs / "ebst"), str(runs / "dense_mapping")
    config.methods.ebgan = str(random_runs / "ebgan")
    config.judges.attribute_classifier, config.judges.face_parser = str(attribute_classifier), str(runs / "face_parser")
    return config
