"""The command that makes the paper's tables, on tiny models and judges."""

import json
import shutil

import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import evaluation
from data_pipeline.celebamask_hq import split_of
from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from data_pipeline.split_photos import SplitPhotos
from data_pipeline.synthetic_faces import face, read_record, render
from maskgan_jax.evaluation import judges, published
from maskgan_jax.evaluation.comparison import compare
from maskgan_jax.evaluation.loading import BASELINES, load_judges
from maskgan_jax.evaluation.pairs import MOUTH, read_pairs, style_pairs
from maskgan_jax.evaluation.tables import RenderedTruth, style_table
from maskgan_jax.interop import insightface
from maskgan_jax.networks.iresnet import IResNet
from maskgan_jax.photos.files import read_photo
from maskgan_jax.runs.directory import flatten
from tests.commands import run_command, run_together
from tests.tiny import tiny_config
from tests.train import train

SMILING, STYLE = 5, 12


@pytest.fixture(scope="module")
def attribute_classifier(faces, shared):
    """A tiny run of the attribute classifier."""

    def fill(folder):
        train(tiny_config("attribute_classifier", faces, folder), folder / "run")

    return shared("attribute_classifier", fill) / "run"


def tiny_evaluation(faces, runs, attribute_classifier) -> ConfigDict:
    """Return an evaluation of tiny models on the faces of the training split, since only four are for testing."""
    config = evaluation.get_config("quickstart")
    config.data.directory = str(faces)
    config.data.split = "train"
    config.pairs.smiling, config.pairs.style_copy = SMILING, STYLE
    for method in config.methods:
        config.methods[method] = ""
    config.methods.ebst, config.methods.dense_mapping = str(runs / "ebst"), str(runs / "dense_mapping")
    config.judges.attribute_classifier, config.judges.face_parser = str(attribute_classifier), str(runs / "face_parser")
    return config


@pytest.fixture
def config(faces, runs, attribute_classifier) -> ConfigDict:
    return tiny_evaluation(faces, runs, attribute_classifier)


@pytest.fixture(scope="module")
def finished(faces, runs, attribute_classifier, tmp_path_factory):
    """The folder of a whole evaluation."""
    workdir = tmp_path_factory.mktemp("evaluation")
    compare(tiny_evaluation(faces, runs, attribute_classifier), workdir)
    return workdir


def test_every_method_has_a_row_with_its_intervals_beside_the_published_figures(finished):
    results = json.loads((finished / "results.json").read_text())
    rows = results["tables"]["style_copy"]["rows"]
    models = {"MaskGAN", "MaskGAN without EBST"}
    assert set(rows) == models | {"GT", "truth", *BASELINES}
    for name in models:
        assert rows[name]["segmentation"]["n"] == rows[name]["No_Beard"]["n"] == STYLE
        assert rows[name]["psnr_whole"]["low"] < rows[name]["psnr_whole"]["mean"] < rows[name]["psnr_whole"]["high"]
        assert rows[name]["fd_attributes"] > 0
    text = (finished / "tables.md").read_text()
    assert f"{published.STYLE_COPY['MaskGAN']['fid']:g}" in text
    assert "- inception: config.judges.inception: none was given" in text
    assert "- identity: config.judges.identity: none was given" in text
    assert "- Pix2PixHD-m: config.methods.pix2pixhd_m: none was given" in text
    assert {path.stem for path in finished.glob("*.png")} == set(results["tables"])


def test_the_photo_itself_has_the_figures_of_the_photo(finished, faces, attribute_classifier):
    """Figures of the photo left unchanged, computed anew from photos, classifier and renderer."""
    photos = SplitPhotos(faces, 64, "train")
    pairs = read_pairs(finished / "pairs_style_copy.tsv")
    targets = np.stack([photos.photo(pair.target) for pair in pairs])
    judge = judges.load_attribute_classifier(attribute_classifier, "--option")
    place = judge.names.index("No_Beard")
    wears = np.array([photos.attributes[photos.row(pair.target), 24] > 0 for pair in pairs])
    truth = np.stack([RenderedTruth(read_record(faces).face, 64).style_copy(pair)[0] for pair in pairs])
    squares = np.square(targets.astype(float) - truth).mean((1, 2, 3))

    row = json.loads((finished / "results.json").read_text())["tables"]["style_copy"]["rows"][
        "the photo left unchanged"
    ]

    assert row["No_Beard"]["mean"] == pytest.approx((judge.classify(targets)[0][:, place] == wears).mean())
    assert row["psnr_whole"]["mean"] == pytest.approx((10 * np.log10(255**2 / squares)).mean())


def test_the_true_smile_changes_the_mouth_alone(finished, faces):
    pair = read_pairs(finished / "pairs_smiling.tsv")[0]
    mask = SplitPhotos(faces, 64, "train").mask(pair.target)

    photo, edited_mask = RenderedTruth(read_record(faces).face, 64).smile(pair)

    before = render(face(0, pair.target).geometry, face(0, pair.target).style, 64)[0]
    changed = np.abs(photo.astype(int) - before).max(-1) > 2
    assert changed[np.isin(mask, MOUTH) | np.isin(edited_mask, MOUTH)].mean() > 0.2
    nose = np.flatnonzero((mask == CLASSES.index("nose")).any(1))
    assert not changed[: nose[0]].any(), "what is above the nose stays"


def test_the_same_command_again_draws_nothing_and_gives_the_same_figures(finished, config):
    before = (finished / "results.json").read_text()
    written = {path: path.stat().st_mtime_ns for path in finished.glob("scores/*/*.npz")}

    compare(config, finished)

    assert (finished / "results.json").read_text() == before
    assert {path: path.stat().st_mtime_ns for path in finished.glob("scores/*/*.npz")} == written


def test_another_model_or_a_broken_file_is_scored_anew(finished, config, runs, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    config.methods.ebst = str(runs / "dense_mapping")
    broken = workdir / "scores/style_copy/dense_mapping.npz"
    broken.write_bytes(broken.read_bytes()[:1000])

    compare(config, workdir)

    rows = json.loads((workdir / "results.json").read_text())["tables"]["style_copy"]["rows"]
    assert rows["MaskGAN"] == rows["MaskGAN without EBST"]
    before = json.loads((finished / "results.json").read_text())["tables"]["style_copy"]["rows"]
    assert rows["MaskGAN without EBST"] == before["MaskGAN without EBST"] != before["MaskGAN"]


def test_a_survey_shows_every_model_once_and_the_key_tells_which(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")

    compare(config, workdir, survey=True)

    folder = workdir / "survey" / "style_copy"
    key = [line.split("\t") for line in (folder / "key.tsv").read_text().splitlines()[1:]]
    pictures = sorted(path.name for path in folder.glob("*.png"))
    assert pictures == [f"{place:03d}.png" for place in range(8)]
    orders = {picture: tuple(row[1:] for row in key if row[0] == picture) for picture in pictures}
    for order in orders.values():
        assert {name for _, name in order} == {"MaskGAN", "MaskGAN without EBST"}
        assert [letter for letter, _ in order] == ["A", "B"]
    assert len({tuple(name for _, name in order) for order in orders.values()}) == 2, "shuffled"
    drawn = np.load(workdir / "scores/style_copy/ebst.npz")["pictures"]
    place = [name for _, name in orders["003.png"]].index("MaskGAN")
    cell = read_photo(folder / "003.png")[20:148, (3 + place) * 130 : (3 + place) * 130 + 128]
    np.testing.assert_array_equal(cell[::2, ::2], drawn[3])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pairs.smiling", 300, "300 pairs for the transfer of smiles"),
        ("pairs.smiling", 1, "config.pairs.smiling: 1; give 2 or more"),
        ("pictures", 0, "config.pictures: 0; give 1 or more"),
        ("pairs.style_copy", 300, "300 pairs for the copy of styles"),
        ("style_attributes", ("Male",), "config.judges.attribute_classifier: .* the tables need Male"),
        ("style_attributes", ("Kind",), "config.style_attributes: CelebA has no Kind"),
        ("data.split", "holdout", "no photos in split 'holdout'; there are train"),
        ("batch_size", 0, "config.batch_size: 0; give a multiple of"),
        ("data.directory", "nowhere", "nowhere: no such directory"),
        ("data.size", 128, "masks of 64 px can't be prepared at 128 px"),
    ],
)
def test_a_protocol_that_is_set_wrongly_is_one_line(config, tmp_path, field, value, message):
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=message) as raised:
        compare(config, tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"), [("pairs.smiling", SMILING - 1), ("pairs.seed", 1), ("data.split", "test")]
)
def test_a_folder_with_other_pairs_is_refused(finished, config, field, value):
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match="holds a comparison on other photos or pairs; name another --workdir"):
        compare(config, finished)


def test_pairs_of_photos_that_are_not_in_the_split_are_refused(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    path = workdir / "pairs_smiling.tsv"
    path.write_text(path.read_text().replace("\n", "\n9\t19\t0.5\n", 1))
    with pytest.raises(UserError, match=r"pairs_smiling.tsv: photo 9 is not in the split; delete the file"):
        compare(config, workdir)


def test_other_attributes_are_judged_in_the_same_folder(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    config.style_attributes = ("Pale_Skin",)

    compare(config, workdir)

    rows = json.loads((workdir / "results.json").read_text())["tables"]["style_copy"]["rows"]
    assert all("Pale_Skin" in row and "No_Beard" not in row for row in rows.values())


def test_without_judges_there_are_the_figures_against_the_truth(config, tmp_path):
    config.judges.attribute_classifier, config.judges.face_parser = "", str(tmp_path / "none")

    compare(config, tmp_path / "out")

    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["missing"]["attribute_classifier"] == "config.judges.attribute_classifier: none was given"
    assert results["missing"]["face_parser"] == f"config.judges.face_parser: {tmp_path / 'none'}: nothing there"
    row = results["tables"]["smiling_pasted"]["rows"]["MaskGAN"]
    assert set(row) == {
        f"{measure}_{place}" for measure in ("psnr", "ssim") for place in ("inside", "outside", "whole")
    }
    assert "| MaskGAN | - | 77.3 |" in (tmp_path / "out/tables.md").read_text()


@pytest.fixture
def with_identity(faces, tmp_path, monkeypatch) -> ConfigDict:
    """An evaluation of the methods without training that takes the rendered faces for photos, by a tiny IResNet."""
    torch = pytest.importorskip("torch")
    from tests.networks.pytorch_iresnet import random_iresnet

    blocks, widths = (1, 1, 1, 1), (2, 3, 4, 5)
    torch.save(random_iresnet(blocks, widths).state_dict(), tmp_path / "backbone.pth")
    monkeypatch.setattr(insightface, "iresnet_in", lambda file: IResNet(blocks, widths))
    config = tiny_evaluation(faces, tmp_path / "none", tmp_path / "none")
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
    assert "no photos in split 'validation'" in results["missing"]["verified"]
    row = results["tables"]["smiling_pasted"]["rows"]["the source photo"]
    assert row["identity"]["mean"] < 1
    assert "verified" not in row


def test_rendered_faces_are_of_no_person(with_identity, tmp_path):
    with_identity.data.synthetic = True
    missing = {}
    assert load_judges(with_identity, missing).identity is None
    assert missing["identity"] == "left out on rendered faces, which are of no person"


def test_a_folder_of_another_task_is_an_error_and_not_left_out(config, runs, tmp_path):
    config.methods.ebst = str(runs / "face_parser")
    with pytest.raises(UserError, match=r"config.methods.ebst: .* trained face_parser"):
        compare(config, tmp_path)


def test_a_survey_of_one_model_is_refused_when_the_tables_are_written(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    (workdir / "tables.md").unlink()
    config.methods.dense_mapping = ""
    with pytest.raises(UserError, match="--survey: compares 2 to 26 models, and there are 1"):
        compare(config, workdir, survey=True)
    assert (workdir / "tables.md").exists()


@pytest.mark.parametrize("name", ["a/b", "GT"])
def test_names_of_methods_that_can_not_be_used_are_refused(config, tmp_path, name):
    config.methods[name] = "runs/ebst"
    with pytest.raises(UserError, match=f"config.methods.{name}: give another name"):
        compare(config, tmp_path)


def test_the_style_that_is_wanted_is_the_targets(faces):
    photos = SplitPhotos(faces, 64, "train")
    pairs = style_pairs(photos.numbers, STYLE, 0)
    wanted = [style_table(photos, pairs, ("Pale_Skin", "No_Beard"), None).wanted(pair).tolist() for pair in pairs]
    faces_by_number = read_record(faces).face
    assert wanted == [
        [1 if min(style.skin) > 0.66 else -1, 1 if style.stubble == 0 else -1]
        for style in (faces_by_number(pair.target).style for pair in pairs)
    ]


def test_data_without_attributes_are_refused(config, faces, tmp_path):
    bare = shutil.copytree(faces, tmp_path / "bare", ignore=shutil.ignore_patterns("prepared", "*attribute-anno*"))
    config.data.directory = str(bare)
    with pytest.raises(UserError, match="its photos have no attributes"):
        compare(config, tmp_path / "out")


def test_faces_that_were_not_rendered_have_no_truth_and_that_is_said(config, faces, tmp_path):
    bare = shutil.copytree(faces, tmp_path / "bare", ignore=shutil.ignore_patterns("synthetic_faces.json"))
    config.data.directory = str(bare)
    with pytest.raises(UserError, match=r"synthetic_faces\.json: no record of rendered faces"):
        compare(config, tmp_path / "out")


@pytest.mark.slow
def test_two_processes_write_the_figures_of_one(finished, config, tmp_path):
    """To 1e-6: the batches are split otherwise, so that the networks' results differ by rounding."""
    fields = [f"--config.{name}={value}" for name, value in flatten(config).items() if value != ()]
    command = ["maskgan_jax.evaluate", "--config=configs/evaluation.py:quickstart", *fields, f"--workdir={tmp_path}"]

    done = run_together(*command, devices=1)

    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert ["Tables: " in each.stdout for each in done] == [True, False]
    expected, found = (
        flatten(ConfigDict(json.loads((folder / "results.json").read_text())["tables"]))
        for folder in (finished, tmp_path)
    )
    assert found.keys() == expected.keys()
    for name, figure in expected.items():
        assert found[name] == (figure if isinstance(figure, str) else pytest.approx(figure, rel=1e-6, abs=1e-9)), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=configs/evaluation.py", "--config.data.directory=/nowhere"], "error: /nowhere: no such directory"),
        (["--config=configs/ebst.py"], "error: --config: ebst is no comparison; give configs/evaluation.py"),
    ],
)
def test_what_the_command_can_not_use_is_one_line(arguments, message, tmp_path):
    done = run_command("maskgan_jax.evaluate", *arguments, f"--workdir={tmp_path / 'out'}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(message)
    assert not (tmp_path / "out").exists()
