"""The report on transfers of parts, and the commands before it, with networks of random weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from launch import batches, quickstart
from launch.portrait_editing import TASKS, report
from launch.portrait_editing.transfers import PARTS, baselines, held_out_transfers, scores


@pytest.mark.slow
def test_every_part_has_its_figures_beside_the_baselines_and_a_column_of_pictures(
    random_runs, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(report, "TRANSFERS", 3)
    monkeypatch.setattr(report, "ROWS", 2)
    monkeypatch.setattr(batches, "BATCH", 3)
    editor = report.PortraitEditor(random_runs / "portrait_editing")
    monkeypatch.setattr(report, "PortraitEditor", lambda run: editor)

    report.report(random_runs / "portrait_editing", 0, tmp_path)

    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results) == list(PARTS)
    transfers = held_out_transfers("hair", seed=0, size=64, count=3)
    for name, images in baselines(transfers).items():
        inside, outside, moved = (figure[0] for figure in results["hair"][name])
        np.testing.assert_allclose([inside, outside, moved], scores(images, transfers).mean(0))
    expected = scores(editor.combine(transfers, ["hair"]), transfers).mean(0)
    np.testing.assert_allclose([figure[0] for figure in results["hair"]["the reference's hair"]], expected)
    told = capsys.readouterr().out.splitlines()
    kept = [line for line in told if "left unchanged" in line or "painted" in line or "shifted" in line]
    assert len(kept) == 3 * len(PARTS)
    assert all(" unchanged " in line.split("  ", 2)[2] for line in kept)
    assert not any(" unchanged " in line for line in told if "encoded" in line)
    assert Image.open(tmp_path / "parts.png").size[0] > 9 * 128


def test_the_editor_is_trained_with_the_parser_of_the_command_before_it():
    steps = dict(quickstart.commands(TASKS, quickstart.FACES, 1, Path("elsewhere")))
    assert list(steps) == ["faces", "face_parser", "portrait_editing"]
    assert "--workdir=elsewhere/face_parser_quickstart" in steps["face_parser"]
    assert "--config.init.face_parser=elsewhere/face_parser_quickstart" in steps["portrait_editing"]
