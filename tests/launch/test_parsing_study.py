"""The study of parsing loss and generated faces: its commands, and its figures with networks of random weights."""

import json
from pathlib import Path

import numpy as np
import pytest

from launch import batches
from launch.parsing_study import report
from launch.parsing_study.__main__ import commands
from launch.parsing_study.runs import SEEDS, Runs
from launch.portrait_editing.report import PortraitEditor
from launch.portrait_editing.transfers import PARTS, held_out_transfers
from launch.quickstart import SIZE
from maskgan_jax.inference.models import load_model
from tests.random_run import write_random_run
from tests.tiny import tiny_config


def test_compared_runs_differ_in_what_they_are_compared_for_alone(tmp_path):
    steps = {name: set(arguments) for name, arguments in commands(Runs(Path("data"), tmp_path))}
    names = list(steps)

    def difference(one: str, other: str) -> set[str]:
        return {option.removeprefix("--").split("=")[0] for option in steps[one] ^ steps[other]}

    assert difference("portrait_editing", "without_parsing_loss") == {
        "workdir",
        "config.data.directory",  # the quickstart's own, which is its config's
        "config.init.face_parser",
        "config.losses.lambda_parsing",
    }
    assert "--config.data.directory=data/quickstart" in steps["without_parsing_loss"]
    assert names.index("face_parser") < names.index("portrait_editing") < names.index("parsing_study_augmented")
    assert f"--checkpoint={tmp_path / 'portrait_editing_quickstart'}" in steps["parsing_study_augmented"]
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
@pytest.mark.long
def test_the_report_tells_what_the_judge_and_the_parsers_get_right(random_runs, tmp_path, monkeypatch):
    """Each of the compared runs has random weights of its own; those of one kind are the same for all seeds."""
    monkeypatch.setattr(report, "SCORED_FACES", 3)
    monkeypatch.setattr(batches, "BATCH", 3)
    runs = Runs(tmp_path / "data", tmp_path)
    runs.own.mkdir()
    others = tmp_path / "others"
    for task in ("face_parser", "portrait_editing"):
        write_random_run(tiny_config(task), others / task, seed=1)
    for seed in SEEDS:
        runs.parser(False, seed).symlink_to(random_runs / "face_parser")
        runs.parser(True, seed).symlink_to(others / "face_parser")
    runs.judge.symlink_to(random_runs / "face_parser")
    runs.editor(True).symlink_to(random_runs / "portrait_editing")
    runs.editor(False).symlink_to(others / "portrait_editing")

    report.report(runs)

    masks, parsed = json.loads((runs.own / "parsing_study.json").read_text()).values()
    swaps = held_out_transfers("skin", seed=0, size=SIZE, count=3)
    photos = [swap.photo for swap in swaps]

    def accuracy(images, run=random_runs):
        parse = load_model(run / "face_parser", ("parse",), "test").compile("parse")
        return 100 * (np.asarray(parse(np.stack(images))) == np.stack([swap.mask for swap in swaps])).mean()

    def made_by(run):
        return PortraitEditor(run / "portrait_editing").combine(swaps, list(PARTS))

    with_loss, without = (accuracy(made_by(run)) for run in (random_runs, others))
    few, augmented = accuracy(photos), accuracy(photos, others)
    expected = [with_loss, without, with_loss - without, few]
    assert [figure[0] for figure in masks.values()][:4] == pytest.approx(expected)
    expected = [few, augmented, *[augmented - few] * (1 + len(SEEDS))]
    assert [figure[0] for figure in parsed.values()] == pytest.approx(expected)
    assert with_loss != without
    assert few != augmented
