"""The benchmark beside PyTorch: what it measures, and what it refuses."""

from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from data_pipeline.errors import UserError
from launch.benchmark.__main__ import _difference
from launch.benchmark.report import table
from tests.commands import run_benchmark, run_command


@pytest.mark.slow
def test_both_sides_compute_the_same_and_are_measured(tmp_path):
    results, stdout = run_benchmark(
        "launch.benchmark", tmp_path / "results.json", "--size=64", "--runs=1", "--only=alpha_blender"
    )

    sides = results["work"]["alpha_blender, forward and backward"]
    assert sides.keys() == {"jax", "pytorch"}
    assert sides["jax"]["largest relative difference from pytorch"] < 1e-3
    for side in sides.values():
        (seconds,) = side["seconds"]
        assert 0 < seconds < side["seconds to the first result"]
        assert side["peak bytes"] > 1e8
    assert "| alpha_blender, forward and backward | jax |" in stdout


def test_work_that_there_is_not_is_one_line():
    done = run_command("launch.benchmark", "--only=edits")

    assert done.returncode == 1
    assert done.stderr.startswith("error: --only=edits: in no name of EBST step; first edit;")
    assert len(done.stderr.splitlines()) == 1


def side(dtype: str, **numbers: float):
    return SimpleNamespace(settings=SimpleNamespace(dtype=dtype, framework="jax"), first={"numbers": numbers})


def test_sides_that_compute_different_things_are_not_timed():
    reference = side("float32", loss=1.0)

    assert _difference("work", reference, side("float32", loss=1.0005), gpu=False) == pytest.approx(5e-4)
    with pytest.raises(UserError, match=r"work: .*different things: loss is 1\.002 in jax .* and 1 in PyTorch"):
        _difference("work", reference, side("float32", loss=1.002), gpu=False)
    with pytest.raises(UserError, match="loss is nan"):
        _difference("work", reference, side("bfloat16", loss=float("nan")), gpu=True)


def test_sides_that_report_other_numbers_are_not_timed():
    with pytest.raises(UserError, match="one side reports loss, the other norm"):
        _difference("work", side("float32", loss=1.0), side("float32", norm=1.0), gpu=False)


def test_the_table_has_the_ratios_of_medians_to_pytorch():
    def result(seconds: list[float], peak: float) -> dict:
        return {"seconds": seconds, "peak bytes": peak, "seconds to the first result": 12.34}

    text = table({"step": {"jax": result([1.0, 2.0, 9.0], 6e9), "pytorch": result([4.0, 4.0, 5.0], 5e9)}}, ["step"])

    assert text.splitlines()[2:] == [
        "| step | jax | 2 (1 to 9) | 0.50 | 6.00 | 1.20 | 12.3 |",
        "| step | pytorch | 4 (4 to 5) | 1.00 | 5.00 | 1.00 | 12.3 |",
    ]
