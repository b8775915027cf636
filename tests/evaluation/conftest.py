"""A whole evaluation of tiny models, and its config."""

import pytest
from ml_collections import ConfigDict

from maskgan_jax.evaluation.comparison import compare
from tests.evaluation.tiny_evaluation import tiny_evaluation
from tests.tiny import tiny_config
from tests.train import train


@pytest.fixture(scope="module")
def attribute_classifier(faces, shared):
    """A tiny run of the attribute classifier."""

    def fill(folder):
        train(tiny_config("attribute_classifier", faces, folder), folder / "run")

    return shared("attribute_classifier", fill) / "run"


@pytest.fixture
def config(faces, runs, attribute_classifier) -> ConfigDict:
    return tiny_evaluation(faces, runs, attribute_classifier)


@pytest.fixture(scope="module")
def finished(faces, runs, attribute_classifier, shared):
    """The folder of a whole evaluation."""
    return shared("evaluation", lambda folder: compare(tiny_evaluation(faces, runs, attribute_classifier), folder))
