"""The floating-point operations of a step against a count by hand."""

import jax
import pytest

from data_pipeline.batch_entries import random_batch
from maskgan_jax import tasks
from maskgan_jax.devices import hardware
from maskgan_jax.devices.model_flops import model_flop_utilisation, model_flops
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config


def convolution(size: int, taps: int, width_in: int, width_out: int) -> int:
    """Return the multiplications and additions of a convolution of 8 examples, by height and width of its result."""
    return 2 * 8 * size**2 * taps * width_in * width_out


FIRST = convolution(32, 16, 19, 4)
ENCODER = FIRST + convolution(16, 16, 4, 4) + convolution(8, 16, 4, 8) + convolution(4, 16, 8, 8)
# At most four of a kernel's nine taps contribute to an upsampled pixel: see `UpsampleConv`.
DECODER = convolution(8, 4, 8, 8) + convolution(16, 4, 8, 4) + convolution(32, 4, 4, 4) + convolution(64, 4, 4, 19)
TINY_MASK_VAE_FLOPS = 3 * (ENCODER + DECODER) - FIRST
"""Forward, and backward to kernels and inputs, but not to the masks; convolutions are nearly all but for Dice."""


def counted(task_name: str, **fields: object) -> float:
    config = tiny_config(task_name)
    config.update(fields)
    task = tasks.make(config)

    batch = random_batch(task.inputs, config.batch_size, config.data.size, seed=0)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    return model_flops(config, state, batch)


def test_the_count_is_that_of_the_layers():
    assert counted("mask_vae", losses={"lambda_dice": 0.0}) == pytest.approx(TINY_MASK_VAE_FLOPS, rel=0.25)


@pytest.mark.slow
def test_microbatches_and_recomputation_do_not_change_the_count():
    assert counted("dense_mapping", accumulation_steps=4, remat=True) == counted("dense_mapping")


def test_utilisation_is_of_the_peak_of_all_devices(monkeypatch):
    monkeypatch.setattr("jax.device_count", lambda: 2)
    assert model_flop_utilisation(3e11, 1.5) is None  # nothing is known of this CPU
    monkeypatch.setattr(hardware, "PEAK_TFLOPS", {"cpu": 0.5, "cp": 7})  # by whole words
    assert model_flop_utilisation(3e11, 1.5) == pytest.approx(0.2)
    assert model_flop_utilisation(None, 1.5) is None
