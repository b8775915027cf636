"""A whole evaluation of tiny models, and its config."""

import functools
from collections.abc import Iterator

import pytest
from ml_collections import ConfigDict

from maskgan_jax.evaluation import loading, methods
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


@pytest.fixture(scope="module", autouse=True)
def _loaded_once() -> Iterator[None]:
    """Compile each model and judge once for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "trained", functools.cache(methods.trained))
        patch.setattr(loading, "_JUDGES", {name: functools.cache(load) for name, load in loading._JUDGES.items()})
        yield


@pytest.fixture
def config(faces, runs, random_runs, attribute_classifier) -> ConfigDict:
    return tiny_evaluation(faces, runs, random_runs, attribute_classifier)


@pytest.fixture(scope="module")
def finished(faces, runs, random_runs, attribute_classifier, shared):
    """The folder of a whole evaluation."""
    config = tiny_evaluation(faces, runs, random_runs, attribute_classifier)
    return shared("evaluation", lambda folder: compare(config, folder))
