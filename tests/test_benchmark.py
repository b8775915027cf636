"""The benchmark program, as a user starts it."""

import json

import pytest

from tests.commands import run_command
from tests.tiny import tiny_config


@pytest.mark.slow
def test_it_measures_a_step_without_data_or_tensorflow_and_writes_json(tmp_path):
    widths = tiny_config("mask_vae").networks.mask_vae.widths
    done = run_command(
        "maskgan_jax.benchmark",
        "--config=configs/mask_vae.py:quickstart",
        f"--config.networks.mask_vae.widths={widths}",
        "--config.data.directory=/nowhere",
        "--runs=2",
        "--steps=1",
        f"--json={tmp_path / 'figures.json'}",
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["parameters, mask_vae"] > 1000
    assert 0 < figures["step, s (fastest)"] <= figures["step, s (median)"] <= figures["step, s (slowest)"]
    assert figures["images/s"] == pytest.approx(16 / figures["step, s (median)"])
    assert figures["model operations of a step"] > 1e6
    assert figures["peak memory of the process, bytes"] > 1e8
    assert "images/s" in done.stdout


@pytest.mark.slow
def test_it_needs_no_tensorflow():
    done = run_command("tests.imported_by_benchmark")
    assert done.stdout.split() == ["[]"], done.stdout + done.stderr
