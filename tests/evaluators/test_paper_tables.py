"""The paper's tables of a generator while it trains, on the faces of the training split, of which there are enough."""

import json
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.evaluation import methods
from maskgan_jax.evaluation.image_quality import compare
from maskgan_jax.evaluation.paper_tables import make_tables, open_photos
from maskgan_jax.evaluation.request import stack
from tests.commands import run_command, run_together, tiny_arguments
from tests.tiny import tiny_config
from tests.train import train


def evaluated_config(faces: Path) -> ConfigDict:
    config = tiny_config("dense_mapping", faces)
    config.batch_size = 4
    config.num_train_steps = 2
    config.data.eval_split = "train"
    tables = config.evaluators.paper_tables
    tables.every_steps = 1
    tables.pairs.smiling, tables.pairs.style_copy = 2, 6
    return config


def metrics_by_step(run: Path) -> dict[int, dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line for line in lines if any("style_copy" in name for name in line)}


@pytest.mark.slow
def test_figures_are_those_of_the_saved_checkpoint(faces, runs, tmp_path):
    config = evaluated_config(faces)
    config.evaluators.paper_tables.judges.face_parser = str(runs / "face_parser")
    config.evaluators.paper_tables.every_steps = 2
    name = "train/style_copy/psnr_whole"
    config.best_metric = name
    config.ema_decay = 0.5

    train(config, tmp_path)

    found = metrics_by_step(tmp_path)
    assert list(found) == [2], "every two steps"
    photos, record = open_photos(config.data, "train")
    table = make_tables(photos, record, config.evaluators.paper_tables)[-1]
    generate, _ = methods.trained(tmp_path, "--option")
    request = stack([table.request(pair) for pair in table.pairs])
    expected = [
        compare(image, table.truth(pair)[0], mask != edited_mask)["psnr_whole"]
        for image, pair, mask, edited_mask in zip(
            generate(request), table.pairs, request.mask, request.edited_mask, strict=True
        )
    ]
    assert found[2][name] == pytest.approx(sum(expected) / len(expected), abs=1e-3)
    quality = {f"{measure}_{place}" for measure in ("psnr", "ssim") for place in ("inside", "outside", "whole")}
    assert {name.rpartition("/")[2] for name in found[2] if "/style_copy/" in name} == {"segmentation", *quality}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paper_tables.judges.face_parser": "nowhere"}, "config.evaluators.paper_tables.judges.face_parser: nowhere:"),
        ({"paper_tables.pairs.smiling": 1}, r"config.evaluators.paper_tables.pairs.smiling: 1; give 2 or more"),
        (
            {"paper_tables.style_attributes": ("Kind",)},
            "config.evaluators.paper_tables.style_attributes: CelebA has no",
        ),
        (
            {"paper_tables.pairs.smiling": 900},
            "config.evaluators.paper_tables, which `every_steps=0` switches off: 900",
        ),
        ({"paper_tables.judges.inception": __file__}, "paper_tables.judges.inception: left out on rendered faces"),
        ({"metrics.every_steps": 0, "paper_tables.every_steps": 0}, "config.best_metric: 'train/psnr' is never comput"),
        ({}, "no metric 'train/psnrs'; name one of train/l1, train/psnr, train/smiling_pasted/psnr_inside, "),
    ],
)
def test_settings_that_can_not_be_used_are_one_line_before_anything_is_written(change, message, faces, tmp_path):
    config = evaluated_config(faces)
    config.best_metric = "train/psnr" if change else "train/psnrs"
    config.evaluators.update_from_flattened_dict(change)
    with pytest.raises(UserError, match=message):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("evaluator", "message"),
    [
        ("papertables", "there is no evaluator 'papertables'; the evaluators are metrics, paper_tables"),
        ("paper_tables", r"mask_vae generates no faces \(it has no encode_style, generate\); leave it out"),
    ],
)
def test_an_evaluator_that_does_not_exist_or_fit_is_refused(evaluator, message, faces, tmp_path):
    config = tiny_config("mask_vae", faces)
    config.evaluators[evaluator] = evaluated_config(faces).evaluators.paper_tables
    with pytest.raises(UserError, match=message):
        train(config, tmp_path)


@pytest.mark.slow
@pytest.mark.long
def test_two_processes_compute_the_figures_of_one(faces, tmp_path):
    config = evaluated_config(faces)
    config.num_train_steps = 1
    command = ["maskgan_jax.main", *tiny_arguments(config)]
    whole = run_command(*command, f"--workdir={tmp_path / 'whole'}", devices=2)
    parts = run_together(*command, f"--workdir={tmp_path / 'parts'}", devices=1)
    assert [each.returncode for each in (whole, *parts)] == [0, 0, 0], parts[0].stderr
    expected, found = (metrics_by_step(tmp_path / name)[1] for name in ("whole", "parts"))
    assert found == pytest.approx(expected, rel=1e-6)
