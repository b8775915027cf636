"""The search for the largest batch, compiler errors, and real compilations where libtpu is installed."""

import importlib.util
import os

import jax
import jax.numpy as jnp
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.devices.hardware import TPU_CHIPS
from maskgan_jax.devices.topology import compile_only_devices
from maskgan_jax.training.compile_only import memory_of_error
from maskgan_jax.training.topology_benchmark import in_new_process, largest
from tests.commands import run_benchmark, tiny_arguments
from tests.tiny import tiny_config

needs_libtpu = pytest.mark.skipif(importlib.util.find_spec("libtpu") is None, reason="libtpu is not installed")


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 7, 8, 9, 100])
@pytest.mark.parametrize("start", [1, 4, 5])
def test_the_search_finds_the_largest_that_fits_and_tries_none_twice(limit, start):
    tried = []

    def fits(count: int) -> bool:
        tried.append(count)
        return count <= limit

    assert largest(fits, start) == limit
    assert tried[0] == start
    assert len(tried) == len(set(tried)) <= 14


@pytest.mark.parametrize(
    "message",
    [
        "RESOURCE_EXHAUSTED: E1000: CompileTimeHbmOom: Ran out of memory on HBM, the total memory required for HLO "
        "temporaries (19.5G) exceeds available HBM (15.75G). HLO module: jit_step.",
        "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm. Used 19.50G of 15.75G hbm. Exceeded hbm capacity",
    ],
)
def test_the_missing_memory_is_read_from_the_compilers_error(message):
    memory = memory_of_error(message)
    assert memory["fits"] is False
    assert memory["memory missing, GB a chip"] == pytest.approx(3.75 * 1.073741824)


@pytest.mark.parametrize(
    "message",
    ["INTERNAL: (2G) exceeds available HBM (1G)", "RESOURCE_EXHAUSTED: Used 2M of 1M vmem"],
)
def test_another_error_says_nothing_of_hbm(message):
    assert memory_of_error(message) is None


def fail_a_check() -> None:
    """End as libtpu's compiler does."""
    os.write(2, b"I1121 18:19:50.0 7 a.cc:1] begin\nF1121 18:19:51.1   7 pass.cc:20] Check failed: a == b\n*** stack\n")
    os.abort()


def test_a_crash_of_the_compiler_is_one_line():
    with pytest.raises(UserError, match=r"compiler crashed \(pass.cc:20\] Check failed: a == b\); try another"):
        in_new_process(fail_a_check)


def error_of_a_terabyte(topology: str) -> str:
    """Return the compiler's error for a program of a tebibyte."""
    sharding = jax.sharding.SingleDeviceSharding(compile_only_devices(topology)[0])
    numbers = jax.ShapeDtypeStruct((2**38,), jnp.float32, sharding=sharding)
    with pytest.raises(jax.errors.JaxRuntimeError) as error:
        jax.jit(lambda x: x + 1).lower(numbers).compile()
    return str(error.value)


@needs_libtpu
@pytest.mark.slow
def test_the_table_has_the_memory_that_the_compiler_states():
    for generation, chip in TPU_CHIPS.items():
        topology = f"{generation}:{'1x1' if generation in ('v5e', 'v6e') else '1x1x1'}"
        memory = memory_of_error(in_new_process(error_of_a_terabyte, topology))
        assert memory["memory for programs, GB a chip"] == pytest.approx(chip.memory / 1e9), generation


@needs_libtpu
@pytest.mark.slow
def test_a_tiny_step_compiles_for_four_chips(tmp_path):
    config = tiny_config("mask_vae")
    results, stdout = run_benchmark(
        "maskgan_jax.benchmark",
        tmp_path / "results.json",
        *tiny_arguments(config),
        "--config.data.directory=/nowhere",
        "--topology=v5e:2x2",
    )
    assert results["topology"] == "v5e:2x2, 4 x TPU v5 lite"
    assert results["images a chip"] == config.batch_size // 4
    assert results["fits"] is True
    assert 16 < results["memory left, GB a chip"] < results["memory for programs, GB a chip"]
    assert results["collectives of a chip"]["all-reduce"]["count"] > 0  # of gradients
    assert results["collectives of a chip"]["all-reduce"]["GB"] >= results["parameters, GB a chip"]
    assert 0 < results["upper bound of model FLOP utilisation"] < 1
    assert "memory left, GB a chip" in stdout


@needs_libtpu
@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_an_answer(tmp_path):
    results, stdout = run_benchmark(
        "maskgan_jax.benchmark",
        tmp_path / "results.json",
        *tiny_arguments(tiny_config("mask_vae")),
        "--config.batch_size=200000",
        "--topology=v5e:1x1",
    )
    assert results["fits"] is False
    assert results["memory missing, GB a chip"] > 100
    assert "--config.remat=True" in stdout
