"""Writing of rendered faces in the raw layout of CelebAMask-HQ."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from data_pipeline import raw_layout
from data_pipeline.atomic_files import new_folder
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.raw_writer import write_example, write_mapping
from data_pipeline.synthetic_faces.attributes import attributes_of
from data_pipeline.synthetic_faces.faces import Face, face
from data_pipeline.synthetic_faces.render import check_size, render
from data_pipeline.synthetic_faces.splits import MAX_COUNT, celeba_index

RECORD = "synthetic_faces.json"
"""File beside the data with the arguments that it was written with."""
RENDERER = 1
"""Version of the renderer, to be increased whenever the same seed gives other images."""

_FACES_PER_JOB = 8
_MAX_SINGLE_PROCESS_COUNT = 64


def write(out: str | os.PathLike, count: int, size: int, seed: int, correlation: float = 0.0) -> bool:
    """Write faces 0 to `count` - 1 of a seed; `out` appears complete or not at all.

    Args:
      out: directory to create: photos, part masks, mapping, attributes and poses.
      count: number of faces, 1 to `MAX_COUNT`.
      size: height and width of photos and masks in px, a multiple of 16 from 32 to 512.
      seed: which faces, 0 or more; the first faces of a seed are the same for every count.
      correlation: how strongly styles go with geometries, 0 to 1, see `face`.

    Returns:
      True if it wrote the faces, False if `out` has exactly these already.

    Raises:
      UserError: `out` exists and has other content, or an argument is out of range.
    """
    out = Path(out)
    record = {"renderer": RENDERER, "count": count, "size": size, "seed": seed}
    if correlation:
        record["correlation"] = correlation
    _check(count, size, seed, correlation)
    faces = partial(face, seed, correlation=correlation)
    if _holds(out, record):
        return False
    with new_folder(out) as directory:
        _write_images(directory, faces, count, size)
        _write_tables(directory, [faces(index) for index in range(count)])
        (directory / RECORD).write_text(json.dumps(record) + "\n")
    return True


class Record(NamedTuple):
    """What the faces in a directory were rendered with; see `write`."""

    seed: int
    size: int
    correlation: float

    def face(self, index: int) -> Face:
        """Return a face by its number."""
        return face(self.seed, index, self.correlation)


def read_record(directory: Path) -> Record:
    """Return what the faces in a directory were rendered with.

    Raises:
      UserError: `write` didn't make it, or another version of the renderer did.
    """
    try:
        record = json.loads((directory.expanduser() / RECORD).read_text())
        if record["renderer"] != RENDERER:
            raise ValueError(f"renderer {record['renderer']}, this is {RENDERER}")
        return Record(int(record["seed"]), int(record["size"]), float(record.get("correlation", 0)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{directory / RECORD}: no record of rendered faces of this version ({error}); render them again"
        ) from None


def _check(count: int, size: int, seed: int, correlation: float) -> None:
    try:
        check_size(size)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not 1 <= count <= MAX_COUNT:
        raise UserError(f"count must be 1 to {MAX_COUNT}, got {count}")
    if seed < 0:
        raise UserError(f"seed must be 0 or more, got {seed}")
    if not 0 <= correlation <= 1:
        raise UserError(f"correlation must be 0 to 1, got {correlation}")


def _holds(out: Path, record: Mapping[str, float | int]) -> bool:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    try:
        if json.loads((out / RECORD).read_text()) == record:
            return True
    except (OSError, ValueError):
        pass
    raise UserError(f"{out} exists and holds other data; remove it or write to another directory")


def _write_images(directory: Path, faces: Callable[[int], Face], count: int, size: int) -> None:
    jobs = [range(first, min(first + _FACES_PER_JOB, count)) for first in range(0, count, _FACES_PER_JOB)]
    with tqdm(total=count, desc="faces", unit="face") as progress:
        if count <= _MAX_SINGLE_PROCESS_COUNT:
            for job in jobs:
                progress.update(_write_job(directory, faces, job, size))
            return
        workers = min(len(jobs), _cores())
        # A fork would copy the locks that threads of TensorFlow or JAX hold in this process.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(
            workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )
        try:
            for done in as_completed([pool.submit(_write_job, directory, faces, job, size) for job in jobs]):
                progress.update(done.result())
        finally:
            pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write_job(directory: Path, faces: Callable[[int], Face], indices: range, size: int) -> int:
    for index in indices:
        one = faces(index)
        image, labels = render(one.geometry, one.style, size)
        write_example(directory, index, image, labels)
    return len(indices)


def _write_tables(directory: Path, faces: list[Face]) -> None:
    write_mapping(directory, {index: celeba_index(index) for index in range(len(faces))})
    attributes = [attributes_of(one.geometry, one.style) for one in faces]
    poses = [(one.geometry.pose.yaw, one.geometry.pose.pitch, one.geometry.pose.roll) for one in faces]
    tables = {
        raw_layout.ATTRIBUTES: [
            str(len(faces)),
            " ".join(ATTRIBUTES),
            *(f"{index}.jpg {' '.join(map(str, row))}" for index, row in enumerate(attributes)),
        ],
        raw_layout.POSES: [
            str(len(faces)),
            "Yaw Pitch Roll",
            *(f"{index}.jpg {' '.join(f'{angle:.4f}' for angle in row)}" for index, row in enumerate(poses)),
        ],
    }
    for name, lines in tables.items():
        (directory / name).write_text("\n".join(lines) + "\n")
