"""The columns that say whether a result shows the person of the photo."""

import json
import shutil

import numpy as np
import pytest
from ml_collections import ConfigDict

from data_pipeline.celeba_splits import split_of
from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.evaluation import identity, judges, published
from maskgan_jax.evaluation.comparison import compare
from maskgan_jax.evaluation.identity import Threshold
from maskgan_jax.evaluation.loading import load_judges
from maskgan_jax.evaluation.pairs import read_pairs
from maskgan_jax.evaluation.scores import Scores
from maskgan_jax.interop import insightface
from maskgan_jax.networks.iresnet import IResNet
from tests.evaluation.tiny_evaluation import tiny_evaluation


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


@pytest.fixture
def with_identity(faces, tmp_path, monkeypatch) -> ConfigDict:
    """An evaluation of the methods without training that takes the rendered faces for photos, by a tiny IResNet."""
    torch = pytest.importorskip("torch")
    from tests.networks.pytorch_iresnet import random_iresnet

    blocks, widths = (1, 1, 1, 1), (2, 3, 4, 5)
    torch.save(random_iresnet(blocks, widths).state_dict(), tmp_path / "backbone.pth")
    monkeypatch.setattr(insightface, "iresnet_in", lambda file: IResNet(blocks, widths))
    config = tiny_evaluation(faces, tmp_path / "none", tmp_path / "none", tmp_path / "none")
    config.data.synthetic = False
    config.judges.identity = str(tmp_path / "backbone.pth")
    return config


@pytest.mark.slow
def test_smiling_results_are_compared_with_the_photo_by_the_person_they_show(with_identity, faces, tmp_path):
    """The figures of the source photo, aligned by the target's mask, computed anew from photos and judge."""
    compare(with_identity, tmp_path / "out")

    results = json.loads((tmp_path / "out/results.json").read_text())
    rows = results["tables"]["smiling_pasted"]["rows"]
    unchanged = rows["the photo left unchanged"]
    assert unchanged["identity"]["mean"] == pytest.approx(1)
    assert unchanged["verified"]["mean"] == 1
    photos = SplitPhotos(faces, 64, "train")
    pairs = read_pairs(tmp_path / "out/pairs_smiling.tsv")
    masks = np.stack([photos.mask(pair.target) for pair in pairs])
    judge = judges.load_identity(tmp_path / "backbone.pth", "--option")
    targets, sources = (
        judge.embed(np.stack([photos.photo(getattr(pair, name)) for pair in pairs]), masks)
        for name in ("target", "source")
    )
    cosines = (targets * sources).sum(1)
    assert rows["the source photo"]["identity"]["mean"] == pytest.approx(cosines.mean(), abs=1e-5)
    threshold = results["threshold_of_identity"]
    assert rows["the source photo"]["verified"]["mean"] == (cosines > threshold["cosine"]).mean()
    assert threshold["pairs"] == len(photos.numbers) * len(SplitPhotos(faces, 64, "validation").numbers)
    assert "identity" not in results["tables"]["style_copy"]["rows"]["the source photo"]
    text = (tmp_path / "out/tables.md").read_text()
    assert f"{published.SMILING['MaskGAN']['verified']:g}" in text
    assert f"of {threshold['pairs']:,} pairs of photos of two people" in text


@pytest.mark.slow
def test_without_photos_of_other_people_there_is_the_cosine_alone(with_identity, faces, tmp_path):
    mapping = "CelebA-HQ-to-CelebA-mapping.txt"
    bare = shutil.copytree(faces, tmp_path / "bare", ignore=shutil.ignore_patterns("prepared"))
    header, *lines = (bare / mapping).read_text().splitlines()
    train = [line for line in lines if split_of(int(line.split()[1])) == "train"]
    (bare / mapping).write_text("\n".join([header, *train]))
    with_identity.data.directory = str(bare)

    compare(with_identity, tmp_path / "out")

    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["threshold_of_identity"] is None
    assert "no photos in split 'validation'" in results["missing"]["same person"]
    row = results["tables"]["smiling_pasted"]["rows"]["the source photo"]
    assert row["identity"]["mean"] < 1
    assert "verified" not in row


def test_rendered_faces_are_of_no_person(with_identity):
    missing = {}
    assert load_judges(with_identity.judges, "config", True, missing).identity is None
    assert missing["identity"] == "config.judges.identity: left out on rendered faces, which are of no person"
