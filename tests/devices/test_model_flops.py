"""The operations of a step against a count by hand."""

import jax
import jax.numpy as jnp
import pytest

from maskgan_jax import tasks
from maskgan_jax.devices.model_flops import model_flop_utilisation, model_flops
from tests.tiny import tiny_config


def convolution(size: int, taps: int, width_in: int, width_out: int) -> int:
    """Multiplications and additions of a convolution of 8 examples, by height and width of its result."""
    return 2 * 8 * size**2 * taps * width_in * width_out


FIRST = convolution(32, 16, 19, 4)
ENCODER = FIRST + convolution(16, 16, 4, 4) + convolution(8, 16, 4, 8) + convolution(4, 16, 8, 8)
# An upsampled pixel is met by four of a kernel's nine taps at most: see `UpsampleConv`.
DECODER = convolution(8, 4, 8, 8) + convolution(16, 4, 8, 4) + convolution(32, 4, 4, 4) + convolution(64, 4, 4, 19)
TINY_MASK_VAE_FLOPS = 3 * (ENCODER + DECODER) - FIRST
"""Forward, and backward to kernels and inputs, but not to the masks; convolutions alone, nearly all there is."""


def counted(task_name: str, **fields: object) -> float:
    config = tiny_config(task_name)
    config.update(fields)
    task = tasks.make(config)

    def draw_state(rng):
        return task.init(rng, {name: draw(rng) for name, draw in task.starts.items()})

    b, size = config.batch_size, config.data.size
    batch = {name: jax.ShapeDtypeStruct((b, size, size), jnp.uint8) for name in ("mask_t", "mask_ref")}
    batch["image_t"] = jax.ShapeDtypeStruct((b, size, size, 3), jnp.uint8)
    batch["index"] = jax.ShapeDtypeStruct((b,), jnp.int32)
    return model_flops(config, jax.eval_shape(draw_state, jax.random.key(0)), batch)


def test_the_count_is_that_of_the_layers():
    assert counted("mask_vae") == pytest.approx(TINY_MASK_VAE_FLOPS, rel=0.25)


@pytest.mark.slow
def test_a_step_computed_in_parts_and_partly_twice_counts_once():
    assert counted("dense_mapping", accumulation_steps=4, remat=True) == counted("dense_mapping")


def test_utilisation_is_of_the_peak_of_all_devices(monkeypatch):
    monkeypatch.setattr("jax.device_count", lambda: 2)
    assert model_flop_utilisation(3e11, 1.5) is None  # nothing is known of this CPU
    monkeypatch.setattr(hardware, "PEAK_TFLOPS", {"cpu": 0.5, "cp": 7})  # by whole words
    assert model_flop_utilisation(3e11, 1.5) == pytest.approx(0.2)
    assert model_flop_utilisation(None, 1.5) is None
