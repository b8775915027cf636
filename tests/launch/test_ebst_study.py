"""The study of what EBST gains: its commands, and masks as if drawn by hand."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import face, render
from launch import held_out_edits
from launch.ebst_study import report
from launch.ebst_study.__main__ import commands
from launch.ebst_study.hand_drawn import KEPT, draw_by_hand
from launch.ebst_study.runs import SEEDS, SHIPPED, SIZE, VARIANTS, Runs
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.image_quality import psnr
from tests.tiny import CONFIGS


def test_every_run_begins_with_runs_before_it_and_the_two_ways_have_as_many_updates():
    done, steps = [], {}
    for name, (_, module, *options) in commands(Path("data"), Runs(Path("runs"))):
        if module != "maskgan_jax.main":
            continue
        fields = dict(option.removeprefix("--").removeprefix("config.").split("=", 1) for option in options)
        stage = Path(fields.pop("config").partition(":")[0]).stem
        workdir = fields.pop("workdir")
        config = CONFIGS[stage].get_config("pretrained")
        assert all(field.split(".")[0] in config for field in fields), name
        starts = {value for field, value in fields.items() if field.startswith("init.")}
        assert starts <= {str(SHIPPED), "new", *done}, name
        done.append(workdir)
        steps[name] = int(fields.get("num_train_steps", config.num_train_steps))
    for faces in ("independent", "correlated"):
        for seed in SEEDS:
            assert steps[f"dense_mapping_longer_{faces}_{seed}"] == 2 * steps[f"ebst_{faces}_{seed}"]
    assert len(set(done)) == len(done) == 2 * (2 + 2 * len(SEEDS)) + 1 + len(VARIANTS)


@pytest.mark.slow
def test_the_report_compares_the_results_of_the_runs(runs, tmp_path, monkeypatch):
    """Tiny runs stand for those of the study: EBST beside the Dense Mapping Network that it began with."""
    load_once = functools.cache(Editor)

    def loaded(run: Path | None = None, mask_vae: Path | None = None) -> Editor:
        return load_once(run and run.resolve(), mask_vae and mask_vae.resolve())

    monkeypatch.setattr(report, "Editor", loaded)
    monkeypatch.setattr(held_out_edits, "TEST_FACES", 4)
    monkeypatch.setattr(report, "CORRELATIONS", {"independent": 0.0})
    study = Runs(tmp_path)
    (study.mask_vae("independent")).symlink_to(runs / "mask_vae")
    study.dense_mapping("independent").symlink_to(runs / "dense_mapping")
    for seed in SEEDS:
        study.longer("independent", seed).symlink_to(runs / "dense_mapping")
        study.ebst("independent", seed).symlink_to(runs / "ebst")
    for name in VARIANTS:
        study.ebst("independent", SEEDS[0], name).symlink_to(runs / "ebst")

    report.report(study)

    found = json.loads((tmp_path / "ebst_study.json").read_text())["independent"]
    edits = held_out_edits.held_out_edits(0, SIZE)
    assert found["edits"] == len(edits)
    inside = {}
    for name in ("dense_mapping", "ebst"):
        editor = load_once((runs / name).resolve(), None)
        images = [editor.edit(editor.portrait(edit.photo, edit.mask), edit.edited_mask) for edit in edits]
        inside[name] = np.array(
            [psnr(image, edit.truth, edit.region) for image, edit in zip(images, edits, strict=True)]
        )
    true = found["masks"]["true"]
    assert true["psnr_inside"]["EBST"][0] == pytest.approx(inside["ebst"].mean())
    assert true["gain"][0] == pytest.approx((inside["ebst"] - inside["dense_mapping"]).mean())
    assert true["gain_of_variants"]["slower"] == true["gain"]
    text = (tmp_path / "ebst_study.md").read_text()
    assert f"| EBST minus as many plain updates | {true['gain'][0]:+.3f} (" in text


def test_parts_that_are_drawn_by_hand_stay_near_their_places_and_all_else_stays():
    original = face(0, 0)
    _, mask = render(original.geometry, original.style, 128)

    drawn = draw_by_hand(mask, np.random.default_rng(0))

    kept = [CLASSES.index(name) for name in KEPT]
    assert set(np.unique(drawn)) == set(np.unique(mask))
    untouched = np.isin(mask, kept) & np.isin(drawn, kept)
    np.testing.assert_array_equal(drawn[untouched], mask[untouched])
    for label in set(np.unique(mask).tolist()) - set(kept):
        places = [np.argwhere(labels == label) for labels in (mask, drawn)]
        shift = np.abs(places[0].mean(0) - places[1].mean(0)).max()
        assert 0 < shift < 8, CLASSES[label]
        assert 0.5 < len(places[1]) / len(places[0]) < 2, CLASSES[label]
