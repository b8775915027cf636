"""The command that makes the paper's tables, on tiny models and judges."""

import json
import shutil

import numpy as np
import pytest
from ml_collections import ConfigDict

from data_pipeline.labels import CLASSES
from data_pipeline.split_photos import SplitPhotos
from data_pipeline.synthetic_faces import face, read_record, render
from maskgan_jax.evaluation import judges, published
from maskgan_jax.evaluation.comparison import compare
from maskgan_jax.evaluation.loading import BASELINES
from maskgan_jax.evaluation.pairs import MOUTH, read_pairs, style_pairs
from maskgan_jax.evaluation.tables import RenderedTruth, style_table
from maskgan_jax.photos.files import read_photo
from maskgan_jax.runs.directory import flatten
from tests.commands import run_together
from tests.evaluation.tiny_evaluation import SMILING, STYLE


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


def test_a_method_that_reads_no_masks_has_a_row_where_a_photo_is_edited_and_none_where_a_style_is_copied(finished):
    tables = json.loads((finished / "results.json").read_text())["tables"]
    assert {name for name, table in tables.items() if "EBGAN" not in table["rows"]} == {"style_copy"}
    assert tables["smiling_pasted"]["rows"]["EBGAN"]["psnr_whole"]["n"] == SMILING


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


def test_the_style_that_is_wanted_is_the_targets(faces):
    photos = SplitPhotos(faces, 64, "train")
    pairs = style_pairs(photos.numbers, STYLE, 0)
    wanted = [style_table(photos, pairs, ("Pale_Skin", "No_Beard"), None).wanted(pair).tolist() for pair in pairs]
    faces_by_number = read_record(faces).face
    assert wanted == [
        [1 if min(style.skin) > 0.66 else -1, 1 if style.stubble == 0 else -1]
        for style in (faces_by_number(pair.target).style for pair in pairs)
    ]


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
