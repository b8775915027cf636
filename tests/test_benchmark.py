"""The benchmark command."""

import pytest

from tests.commands import run_benchmark, run_command
from tests.tiny import tiny_config


@pytest.mark.slow
def test_it_measures_a_step_without_data_or_tensorflow_and_writes_json(tmp_path):
    widths = tiny_config("mask_vae").networks.mask_vae.widths
    results, stdout = run_benchmark(
        "maskgan_jax.benchmark",
        tmp_path / "results.json",
        "--config=configs/mask_vae.py:quickstart",
        f"--config.networks.mask_vae.widths={widths}",
        "--config.batch_size=16",
        "--config.data.directory=/nowhere",
        "--runs=2",
        "--steps=1",
    )
    assert results["parameters, mask_vae"] > 1000
    assert 0 < results["step, s (fastest)"] <= results["step, s (median)"] <= results["step, s (slowest)"]
    assert results["images/s"] == pytest.approx(16 / results["step, s (median)"])
    assert results["model operations of a step"] > 1e6
    assert results["peak memory of the process, bytes"] > 1e8
    assert "images/s" in stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--topology=v5e"], "error: --topology=v5e: expected a TPU's generation and chips by axis, such as v5e:1x1"),
        (["--topology=v5e:1x1", "--runs=1"], "error: --runs: with --topology nothing runs"),
        (["--largest_batch"], "error: --largest_batch: needs --topology"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_line(options, message):
    done = run_command("maskgan_jax.benchmark", "--config=configs/mask_vae.py:quickstart", *options)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_it_needs_no_tensorflow():
    done = run_command("tests.imported_by_benchmark")
    assert done.stdout.split() == ["[]"], done.stdout + done.stderr
