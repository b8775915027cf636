"""One step over 8 devices is the step on 1: same gradients, same losses, for every task."""

import json

import numpy as np
import pytest

from tests.commands import run_command

TASKS = ("mask_vae", "dense_mapping", "ebst", "face_parser")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict]:
    """By number of devices: what `sharded_steps` wrote."""
    folder = tmp_path_factory.mktemp("sharding")
    results = {}
    for devices in (1, 8):
        path = folder / f"{devices}.json"
        done = run_command("tests.sharded_steps", str(path), devices=devices)
        assert done.returncode == 0, done.stderr
        results[devices] = json.loads(path.read_text())
        assert results[devices]["devices"] == devices
    return results


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_losses_of_three_steps_agree(measured, task):
    one, eight = (measured[devices][task]["losses"] for devices in (1, 8))
    assert len(one) == 3
    for step_of_one, step_of_eight in zip(one, eight, strict=True):
        for name, value in step_of_one.items():
            assert step_of_eight[name] == pytest.approx(value, rel=1e-4), name


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_gradients_of_the_first_step_agree_in_norm_tensor_by_tensor(measured, task):
    """Left out by rule: tensors whose gradient is rounding error, a millionth of their network's gradient.

    Those are biases that a following instance norm takes away again, which the last line makes sure of.
    """
    one, eight = (measured[devices][task]["gradients"] for devices in (1, 8))
    assert one.keys() == eight.keys()
    for optimiser, tensors in one.items():
        whole = np.sqrt(sum(entry["norm"] ** 2 for entry in tensors.values()))
        for name, entry in tensors.items():
            if entry["norm"] > 1e-6 * whole:
                assert eight[optimiser][name]["norm"] == pytest.approx(entry["norm"], rel=1e-4), name
            else:
                assert entry["ndim"] == 1, name
