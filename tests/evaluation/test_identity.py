"""The columns that say whether a result shows the person of the photo."""

import numpy as np
import pytest

from maskgan_jax.evaluation import identity
from maskgan_jax.evaluation.identity import Threshold
from maskgan_jax.evaluation.scores import Scores


def embeddings(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_one_pair_of_two_people_in_a_thousand_exceeds_the_threshold():
    photos, strangers = embeddings(100, 0), embeddings(80, 1)
    photos[7] = np.nan

    found = identity.threshold(photos, strangers)

    cosines = np.sort([photo @ stranger for photo in np.delete(photos, 7, axis=0) for stranger in strangers])
    assert found.pairs == len(cosines) == 99 * 80
    assert (cosines > found.cosine).sum() == 7
    assert found.cosine == pytest.approx(cosines[-8])


def test_a_result_is_of_the_person_if_its_cosine_exceeds_the_threshold():
    photos = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    results = np.array([[0.6, 0.8], [0.8, 0.6], [np.nan, np.nan], [0, 1]], np.float32)
    scores = {"edited": Scores({"Smiling": np.ones(4)}, {"identity": results}, np.zeros((0, 2, 2, 3), np.uint8))}

    (found,) = identity.compare_with_photos(scores, photos, Threshold(0.7, 1)).values()

    np.testing.assert_allclose(found.values["identity"], [0.6, 0.8, np.nan, 1], atol=1e-6)
    np.testing.assert_array_equal(found.values["verified"], [0, 1, np.nan, 1])
    np.testing.assert_array_equal(found.values["Smiling"], 1)


def test_without_a_threshold_there_is_the_cosine_alone_and_without_embeddings_nothing():
    photos, picture = embeddings(3, 0), np.zeros((0, 2, 2, 3), np.uint8)
    scores = {"edited": Scores({}, {"identity": photos}, picture), "GT": Scores({}, {}, picture)}
    found = identity.compare_with_photos(scores, photos, None)
    np.testing.assert_allclose(found["edited"].values.pop("identity"), 1, atol=1e-6)
    assert found["edited"].values == found["GT"].values == {}
