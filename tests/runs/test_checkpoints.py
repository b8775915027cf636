"""Checkpoints that are corrupt, or for which the disk has no room, cost at most the steps since the one before."""

import errno
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.runs import checkpoints, models
from maskgan_jax.tasks.task import TrainState
from tests.runs.small_runs import CORRUPTIONS, PSNR, assert_is, flip, save_steps, saved_steps, state_of, truncate


def resumed(run: Path, size: int = 100) -> TrainState:
    """Return the state that a run resumes from."""
    shapes = jax.eval_shape(lambda: state_of(0, size))
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    with checkpoints.open_manager(run, 3, PSNR) as manager:
        return checkpoints.restore(manager, shapes, jax.tree.map(lambda _: device, shapes))


@pytest.mark.slow
@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_with_any_file_of_the_last_checkpoint_corrupt_the_run_resumes_from_it_or_the_one_before(
    saved_run, tmp_path, corrupt
):
    files = [path.relative_to(saved_run) for path in sorted((saved_run / "checkpoints/2").rglob("*")) if path.is_file()]
    assert len(files) > 5
    for number, path in enumerate(files):
        copy = Path(shutil.copytree(saved_run, tmp_path / str(number)))
        corrupt(copy / path)
        state = resumed(copy)
        assert int(state.step) in (1, 2)
        assert_is(state, int(state.step))
        save_steps(copy, {2: 21.0})  # a lost step can be saved again
        assert_is(resumed(copy), 2)


def test_a_corrupt_checkpoint_is_named_and_quarantined(run, warnings):
    truncate(run / "checkpoints/2/default/_METADATA")
    assert_is(resumed(run), 1)
    (line,) = warnings
    assert re.match(r"The checkpoint of step 2 is corrupt \(.*_METADATA .*\); step 1 is read instead", line)
    assert saved_steps(run) == ["1"]
    assert (run / "quarantined_checkpoints/2/default").is_dir()


def test_where_every_checkpoint_is_corrupt_training_does_not_start_again_from_step_0(run):
    for step in (1, 2):
        flip(run / f"checkpoints/{step}/default/manifest.ocdbt")
    with pytest.raises(UserError, match=r"no intact checkpoint in .*manifest.ocdbt is not as it was written"):
        resumed(run)
    assert saved_steps(run) == ["1", "2"]


def test_the_last_checkpoints_and_the_best_one_are_kept(tmp_path):
    save_steps(tmp_path, {1: 20.0, 2: 25.0, 3: 24.0, 4: 23.0, 5: 22.0}, keep=2)
    assert saved_steps(tmp_path) == ["2", "4", "5"]


def test_a_metric_that_is_not_a_number_is_not_the_best(tmp_path):
    save_steps(tmp_path, {1: 30.0, 2: float("nan"), 3: 20.0, 4: 20.0, 5: 20.0}, keep=1)
    assert saved_steps(tmp_path) == ["1", "5"]


def test_an_older_checkpoint_whose_metrics_are_corrupt_is_quarantined_and_the_last_one_read(run):
    truncate(run / "checkpoints/1/metrics/metrics")
    assert_is(resumed(run), 2)
    assert saved_steps(run) == ["2"]
    assert (run / "quarantined_checkpoints/1").is_dir()


def test_a_second_corrupt_checkpoint_of_a_step_is_quarantined_beside_the_first(run):
    for _ in range(2):
        truncate(run / "checkpoints/2/default/_METADATA")
        resumed(run)
        save_steps(run, {2: 21.0})
    assert sorted(path.name for path in (run / "quarantined_checkpoints").iterdir()) == ["2", "2.1"]


def test_files_that_cannot_be_read_are_not_taken_for_corrupt(run, monkeypatch):
    def failing(file, name: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("hashlib.file_digest", failing)
    with pytest.raises(UserError, match=r"checkpoints/2: can't be read \(.*\); nothing was moved"):
        resumed(run)
    assert saved_steps(run) == ["1", "2"]


def test_a_checkpoint_of_other_shapes_is_not_cropped_or_padded_to_the_configs(run):
    message = r"params/net/kernel has shape \(100,\) in the checkpoint of step 2, but \(99,\) here; resume the run with"
    with pytest.raises(UserError, match=message):
        resumed(run, size=99)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"net": {"kernel": 100}, "new": 1}, "the checkpoint of step 2 has no params/new"),
        ({}, "this config's state has no params/net/kernel"),
    ],
)
def test_a_checkpoint_of_other_networks_is_refused(run, params, message):
    params = jax.tree.map(lambda size: jax.ShapeDtypeStruct((size,), "float32"), params)
    shapes = jax.eval_shape(state_of, 0).replace(params=params)
    with checkpoints.open_manager(run, 3) as manager, pytest.raises(UserError, match=message):
        checkpoints.restore(manager, shapes, shapes)


def test_at_least_one_checkpoint_is_kept(tmp_path):
    with pytest.raises(UserError, match=r"config\.checkpoints_to_keep: 0; give 1 or more"):
        checkpoints.open_manager(tmp_path, keep=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of the given size, as an option of tmpfs."""
    mounted = tmp_path / "small_disk"
    mounted.mkdir()

    def mount(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(mounted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
        return mounted

    yield mount
    subprocess.run(["umount", str(mounted)], capture_output=True, check=False)


@pytest.mark.parametrize(
    ("disk_size", "message"),
    [
        ("size=8m", r"a checkpoint takes 4\.8 MB and .* MB are free there"),  # for one, not for two
        ("size=80m,nr_inodes=40", r"the checkpoint can't be written \(no space left on the disk\)"),
    ],
)
def test_a_full_disk_is_one_line_and_the_checkpoint_before_stays_intact(small_disk, disk_size, message):
    disk = small_disk(disk_size)
    size = 400_000

    def save(step: int) -> None:
        with checkpoints.open_manager(disk, keep=1) as manager:
            checkpoints.save(manager, state_of(step, size), step)
            checkpoints.finish(manager)

    save(1)
    with pytest.raises(UserError, match=message):
        save(2)
    assert saved_steps(disk) == ["1"]
    shapes = jax.eval_shape(lambda: state_of(0, size))
    part = models.load_part(disk, {"params": shapes.params}, "test", verify=True)
    np.testing.assert_array_equal(part["params"]["net"]["kernel"], state_of(1, size).params["net"]["kernel"])
