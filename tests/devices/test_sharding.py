"""A step is the same on 1 device, on 4, in 2 processes, with a sharded state, in microbatches; compared in float64.

The layouts differ by rounding, which five steps amplify; 1e-9 is allowed.
"""

import functools
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest

from tests.commands import run_command, run_together
from tests.devices.sharded_steps import STEPS, TASKS, WITHOUT_BATCH_NORM

TOLERANCE = 1e-9
ROUNDING = 1e-12
"""In parts of an optimiser's whole gradient: a tensor below it has none. A norm layer cancels the bias before it."""

pytestmark = pytest.mark.slow


class Layout(NamedTuple):
    """How `sharded_steps` is run: processes, devices of each, `config.mesh.fsdp` and numbers of microbatches."""

    processes: int
    devices: int
    fsdp: int
    microbatches: tuple[int, ...]


LAYOUTS = {
    "1 device": Layout(1, 1, 1, (1,)),
    "4 devices": Layout(1, 4, 1, (1, 2)),
    "2 processes": Layout(2, 2, 1, (1, 2)),
    "2 processes, fsdp": Layout(2, 2, 2, (1,)),
}
REFERENCE = "1 device"
"""What the other layouts are compared with."""

LONG_LAYOUTS = ("2 processes", "2 processes, fsdp")
"""Left to `make test-long`; the two processes of `test_multi_process` compare losses too."""
LONG_TASKS = ("face_parser", "dense_mapping", "portrait_editing", "att_ebgan", "spade", "stargan", "elegant")
"""Left to it too: `mask_vae` has batch norm as the face parser does, `ebst` has all of a Dense Mapping Network, and the
other systems take longest to compile.
"""


def cases(*left_out: str) -> Iterator:
    """Yield layout, number of microbatches and task."""
    for name, layout in LAYOUTS.items():
        if name in left_out:
            continue
        for count in layout.microbatches:
            for task in TASKS if count == 1 else WITHOUT_BATCH_NORM:
                case = ", ".join([name, *([f"{count} microbatches"] if count > 1 else []), task])
                marks = [pytest.mark.long] if name in LONG_LAYOUTS or task in LONG_TASKS else []
                yield pytest.param(name, count, task, id=case, marks=marks)


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int, str], dict]:
    """Returns the measurements of a layout, a number of microbatches and a task; each layout runs each task once."""
    folder = tmp_path_factory.mktemp("sharding")

    @functools.cache
    def run(name: str, task: str) -> dict:
        processes, devices, fsdp, microbatches = LAYOUTS[name]
        path = folder / f"{name} {task}.json"
        counts = map(str, microbatches if task in WITHOUT_BATCH_NORM else [1])
        command = ["tests.devices.sharded_steps", str(path), task, f"--fsdp={fsdp}", "--microbatches", *counts]
        if processes == 1:
            done = [run_command(*command, devices=devices)]
        else:
            done = run_together(*command, processes=processes, devices=devices)
        assert all(each.returncode == 0 for each in done), [each.stderr for each in done]
        measured = json.loads(path.read_text())
        assert measured["devices"] == processes * devices
        return measured["microbatches"]

    return lambda name, count, task: run(name, task)[str(count)]


@pytest.mark.parametrize(("layout", "microbatches", "task"), cases(REFERENCE))
def test_losses_of_five_steps_agree(measure, layout, microbatches, task):
    expected, found = measure(REFERENCE, 1, task)["losses"], measure(layout, microbatches, task)["losses"]
    assert len(expected) == len(found) == STEPS
    for step_expected, step_found in zip(expected, found, strict=True):
        assert step_found == pytest.approx(step_expected, rel=TOLERANCE, abs=0)


@pytest.mark.parametrize(("layout", "microbatches", "task"), cases(REFERENCE))
def test_gradients_of_the_first_step_agree_in_norm_tensor_by_tensor(measure, layout, microbatches, task):
    expected, found = measure(REFERENCE, 1, task)["gradients"], measure(layout, microbatches, task)["gradients"]
    assert expected.keys() == found.keys()
    for optimiser in {name.partition("/")[0] for name in expected}:
        tensors = {name: each for name, each in expected.items() if name.startswith(f"{optimiser}/")}
        whole = np.sqrt(sum(norm**2 for norm, _ in tensors.values()))
        for name, (norm, ndim) in tensors.items():
            if norm > ROUNDING * whole:
                assert found[name][0] == pytest.approx(norm, rel=TOLERANCE, abs=0), name
            else:
                assert ndim == 1, name
                assert found[name][0] < ROUNDING * whole, name


@pytest.mark.parametrize(("layout", "microbatches", "task"), cases())
def test_a_step_is_compiled_once_and_only_fsdp_shards_the_state(measure, layout, microbatches, task):
    measured = measure(layout, microbatches, task)
    assert measured["compilations"] == 1
    assert (measured["sharded arrays"] > 10) == (LAYOUTS[layout].fsdp > 1)
