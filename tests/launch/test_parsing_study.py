"""The study of parsing loss and generated faces: its commands, and its figures with networks of random weights."""

import json
from pathlib import Path

import numpy as np
import pytest

from launch.parsing_study import report
from launch.parsing_study.__main__ import commands
from launch.parsing_study.runs import SEEDS, SIZE, Runs
from launch.portrait_editing import report as transfers_report
from launch.portrait_editing.transfers import PARTS, held_out_transfers
from maskgan_jax.inference.models import load_model


def test_compared_runs_differ_in_what_they_are_compared_for_alone(tmp_path):
    steps = {name: set(arguments) for name, arguments in commands(Runs(Path("data"), tmp_path))}
    names = list(steps)

    def difference(one: str, other: str) -> set[str]:
        return {option.removeprefix("--").split("=")[0] for option in steps[one] ^ steps[other]}

    editors = ("portrait_editing", "portrait_editing_without_parsing_loss")
    assert difference(*editors) == {"workdir", "config.losses.lambda_parsing"}
    assert names.index("face_parser") < names.index("portrait_editing") < names.index("parsing_study_augmented")
    assert f"--checkpoint={tmp_path / 'portrait_editing'}" in steps["parsing_study_augmented"]
    for seed in SEEDS:
        assert difference(f"face_parser_few_{seed}", f"face_parser_augmented_{seed}") == {
            "workdir",
            "config.data.directory",
        }


def test_a_data_set_that_is_there_is_not_generated_again(tmp_path):
    runs = Runs(tmp_path, Path("runs"))
    runs.parsers_faces(augmented=True).mkdir()

    assert "parsing_study_augmented" not in dict(commands(runs))


@pytest.mark.slow
def test_the_report_tells_what_the_judge_and_the_parsers_get_right(random_runs, tmp_path, monkeypatch):
    """One parser stands for all of the study's, one editor for both: every gain is 0."""
    monkeypatch.setattr(report, "FACES", 3)
    monkeypatch.setattr(report, "BATCH", 3)
    monkeypatch.setattr(transfers_report, "BATCH", 3)
    runs = Runs(tmp_path / "data", tmp_path)
    parsers = [runs.judge, *(runs.parser(augmented, seed) for augmented in (False, True) for seed in SEEDS)]
    for run in parsers:
        run.symlink_to(random_runs / "face_parser")
    for parsing_loss in (False, True):
        runs.editor(parsing_loss).symlink_to(random_runs / "portrait_editing")

    report.report(runs)

    masks, parsers = json.loads((tmp_path / "parsing_study.json").read_text()).values()
    swaps = held_out_transfers("skin", seed=0, size=SIZE, count=3)
    parse = load_model(random_runs / "face_parser", ("parse",), "test").compile("parse")

    def accuracy(images):
        return 100 * (np.asarray(parse(np.stack(images))) == np.stack([swap.mask for swap in swaps])).mean()

    editor = transfers_report.PortraitEditor(random_runs / "portrait_editing")
    assert masks["with the parsing loss"][0] == pytest.approx(accuracy(editor.combine(swaps, list(PARTS))))
    assert masks["the photos themselves"][0] == pytest.approx(accuracy([swap.photo for swap in swaps]))
    assert masks["gain of the parsing loss, points"] == [0, 0, 0]
    assert parsers["trained on 100 faces"][0] == pytest.approx(accuracy([swap.photo for swap in swaps]))
    assert parsers["gain, points"] == [0, 0, 0]
