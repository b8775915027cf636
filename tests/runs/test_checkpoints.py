"""Checkpoints that are damaged, or don't fit on the disk, never cost more than the steps since the one before."""

import errno
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from absl import logging

from data_pipeline.errors import UserError
from maskgan_jax.runs import checkpoints
from maskgan_jax.tasks.task import TrainState

BEST = "validation/psnr"


def state_of(step: int, size: int = 100) -> TrainState:
    kernel = jax.random.normal(jax.random.key(step), (size,))
    return TrainState(
        step=jnp.int32(step),
        params={"net": {"kernel": kernel}},
        batch_stats={},
        opt_state={"net": (jnp.int32(step), {"mu": kernel / 2})},
        average={"net": {"kernel": kernel / 3}},
    )


def save_steps(run: Path, figures: dict[int, float], keep: int = 3) -> None:
    """Saves a state under each step, evaluated to that figure."""
    with checkpoints.open_manager(run, keep, BEST) as manager:
        for step, figure in figures.items():
            checkpoints.save(manager, state_of(step), step, {BEST: figure})
        checkpoints.finish(manager)


def resumed(run: Path) -> TrainState:
    shapes = jax.eval_shape(state_of, 0)
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    with checkpoints.open_manager(run, 3, BEST) as manager:
        return checkpoints.resume(manager, shapes, jax.tree.map(lambda _: device, shapes))


def assert_is(state: TrainState, step: int) -> None:
    jax.tree.map(np.testing.assert_array_equal, state, state_of(step))


def saved_steps(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with checkpoints of steps 1 and 2."""
    folder = tmp_path_factory.mktemp("run")
    save_steps(folder, {1: 20.0, 2: 21.0})
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("damage", [truncated, emptied, flipped, Path.unlink], ids=lambda damage: damage.__name__)
def test_with_any_file_of_the_last_checkpoint_damaged_the_run_goes_on_from_it_or_the_one_before(run, tmp_path, damage):
    files = [path.relative_to(run) for path in sorted((run / "checkpoints/2").rglob("*")) if path.is_file()]
    assert len(files) > 5
    taken = []
    for number, path in enumerate(files):
        copy = Path(shutil.copytree(run, tmp_path / str(number)))
        damage(copy / path)
        state = resumed(copy)
        taken.append(int(state.step))
        assert_is(state, taken[-1])
        save_steps(copy, {2: 21.0, 3: 22.0})  # and the steps that were lost can be saved anew
        assert_is(resumed(copy), 3)
    assert set(taken) <= {1, 2}


def test_a_damaged_checkpoint_is_named_and_set_aside(run, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    truncated(copy / "checkpoints/2/default/_METADATA")
    lines = []
    monkeypatch.setattr(logging, "warning", lambda line, *values: lines.append(line % values))
    assert_is(resumed(copy), 1)
    (line,) = lines
    assert re.match(r"The checkpoint of step 2 is damaged \(.*_METADATA .*\); step 1 is taken instead", line)
    assert saved_steps(copy) == ["1"]
    assert (copy / "damaged_checkpoints/2/default").is_dir()


def test_where_every_checkpoint_is_damaged_nothing_begins_anew(run, tmp_path):
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    for step in (1, 2):
        flipped(copy / f"checkpoints/{step}/default/manifest.ocdbt")
    with pytest.raises(UserError, match=r"no undamaged checkpoint in .*manifest.ocdbt is not as it was written"):
        resumed(copy)
    assert saved_steps(copy) == ["1", "2"]


def test_another_run_starts_from_the_last_undamaged_one_and_leaves_the_folder_alone(run, tmp_path):
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    flipped(copy / "checkpoints/2/default/manifest.ocdbt")
    shapes = {"params": jax.eval_shape(state_of, 0).params}
    part = checkpoints.load_part(copy, shapes, "config.init.mask_vae")
    np.testing.assert_array_equal(part["params"]["net"]["kernel"], state_of(1).params["net"]["kernel"])
    assert saved_steps(copy) == ["1", "2"]


def test_the_last_ones_and_the_best_one_stay(tmp_path):
    save_steps(tmp_path, {1: 20.0, 2: 25.0, 3: 24.0, 4: 23.0, 5: 22.0}, keep=2)
    assert saved_steps(tmp_path) == ["2", "4", "5"]


def test_a_figure_that_is_not_a_number_is_not_the_best(tmp_path):
    save_steps(tmp_path, {1: 30.0, 2: float("nan"), 3: 20.0, 4: 20.0, 5: 20.0}, keep=1)
    assert saved_steps(tmp_path) == ["1", "5"]


def test_the_damaged_note_of_an_older_checkpoint_stops_nobody(run, tmp_path):
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    truncated(copy / "checkpoints/1/metrics/metrics")
    assert_is(resumed(copy), 2)
    assert saved_steps(copy) == ["2"]
    assert (copy / "damaged_checkpoints/1").is_dir()


def test_what_was_set_aside_stays_there(run, tmp_path):
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    for _ in range(2):
        truncated(copy / "checkpoints/2/default/_METADATA")
        resumed(copy)
        save_steps(copy, {2: 21.0})
    assert sorted(path.name for path in (copy / "damaged_checkpoints").iterdir()) == ["2", "2.1"]


def test_files_that_cannot_be_read_are_not_taken_for_damaged(run, tmp_path, monkeypatch):
    def failing(file, name: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    monkeypatch.setattr("hashlib.file_digest", failing)
    with pytest.raises(UserError, match=r"checkpoints/2: can't be read \(.*\); nothing was moved"):
        resumed(copy)
    assert saved_steps(copy) == ["1", "2"]


def test_at_least_one_checkpoint_is_kept(tmp_path):
    with pytest.raises(UserError, match=r"config\.checkpoints_to_keep: 0; give 1 or more"):
        checkpoints.open_manager(tmp_path, keep=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of so much room, as the options of tmpfs say it."""
    mounted = tmp_path / "small_disk"
    mounted.mkdir()

    def mount(room: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", room, "tmpfs", str(mounted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
        return mounted

    yield mount
    subprocess.run(["umount", str(mounted)], capture_output=True, check=False)


@pytest.mark.parametrize(
    ("room", "message"),
    [
        ("size=8m", r"a checkpoint takes 4\.8 MB and .* MB are free there"),  # the second doesn't fit beside the first
        ("size=80m,nr_inodes=40", r"the checkpoint can't be written \(no space left on the disk\)"),  # found on the way
    ],
)
def test_a_full_disk_is_one_line_and_the_checkpoint_before_is_whole(small_disk, room, message):
    disk = small_disk(room)
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
    part = checkpoints.load_part(disk, {"params": shapes.params}, "test")
    np.testing.assert_array_equal(part["params"]["net"]["kernel"], state_of(1, size).params["net"]["kernel"])
