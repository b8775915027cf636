"""The text files of the raw CelebAMask-HQ layout: indices in CelebA, attributes, poses."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError

NUM_ATTRIBUTES = len(ATTRIBUTES)


def read_mapping(path: Path) -> dict[int, int]:
    """Return every listed example's index in CelebA, in the order of the file.

    Raises:
      UserError: a malformed line, an example is listed twice, or none is.
    """
    header, *rows = _read_lines(path) or [""]
    columns = "idx orig_idx orig_file"
    if header.split() != columns.split():
        raise _malformed(path, 1, header, f"the header '{columns}'")
    celeba_index: dict[int, int] = {}
    for line_number, line in enumerate(rows, start=2):
        if not line.strip():
            continue
        try:
            index, original, _ = line.split()
            index, original = int(index), int(original)
        except ValueError:
            raise _malformed(path, line_number, line, f"'{columns}', two integers and a file name") from None
        if index in celeba_index:
            raise UserError(f"{path}:{line_number}: example {index} is listed twice; keep one of the two lines")
        celeba_index[index] = original
    if not celeba_index:
        raise UserError(f"{path}: lists no example; download or render it again")
    return celeba_index


def read_attributes(path: Path, wanted: Collection[int]) -> dict[int, np.ndarray] | None:
    """Return every example's attributes, int8 (40,) of -1 or 1; log a warning and return None without the file.

    Raises:
      UserError: a malformed line, other names than CelebA's, or no line for a wanted example.
    """
    expected = f"{NUM_ATTRIBUTES} values of -1 or 1"
    without = "attributes are all 0"
    return _read_annotations(path, wanted, _parse_attributes, expected, without, ATTRIBUTES)


def read_poses(path: Path, wanted: Collection[int]) -> dict[int, np.ndarray] | None:
    """Return every example's yaw, pitch and roll, float32 (3,) in degrees; None and errors as in `read_attributes`."""
    expected = "yaw, pitch and roll in degrees"
    return _read_annotations(path, wanted, _parse_pose, expected, without="poses are all NaN")


def _read_annotations(
    path: Path,
    wanted: Collection[int],
    parse: Callable[[list[str]], np.ndarray],
    expected: str,
    without: str,
    names: Sequence[str] = (),
) -> dict[int, np.ndarray] | None:
    """Read a table of a count, a line of names, which must be `names` if given, and rows of `<i>.jpg` and values."""
    if not path.exists():
        logging.warning("%s: missing, so %s", path, without)
        return None
    _, header, *rows = [*_read_lines(path), "", ""]
    if names and header.split() != list(names):
        raise _malformed(path, 2, header, f"CelebA's {len(names)} names in its order")
    values: dict[int, np.ndarray] = {}
    for line_number, line in enumerate(rows, start=3):
        if not line.strip():
            continue
        name, *fields = line.split()
        try:
            values[int(name.removesuffix(".jpg"))] = parse(fields)
        except ValueError:
            raise _malformed(path, line_number, line, f"'<i>.jpg' and {expected}") from None
    missing = next((index for index in wanted if index not in values), None)
    if missing is not None:
        raise UserError(f"{path}: no line for {missing}.jpg, which the mapping file lists; download or render it again")
    return values


def _parse_attributes(fields: list[str]) -> np.ndarray:
    if len(fields) != NUM_ATTRIBUTES or not set(fields) <= {"-1", "1"}:
        raise ValueError
    return np.array([int(field) for field in fields], np.int8)


def _parse_pose(fields: list[str]) -> np.ndarray:
    yaw, pitch, roll = map(float, fields)
    pose = np.array([yaw, pitch, roll], np.float32)
    if not np.isfinite(pose).all():
        raise ValueError
    return pose


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _malformed(path: Path, line_number: int, line: str, expected: str) -> UserError:
    return UserError(f"{path}:{line_number}: expected {expected}, found {line[:60]!r}; download or render it again")
