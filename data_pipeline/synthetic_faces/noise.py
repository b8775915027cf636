"""Smooth noise from a seed, the same at every image size."""

import numpy as np

from data_pipeline.synthetic_faces.shapes import Field

_CELLS = 64


class Noise:
    """A periodic random field over the plane."""

    def __init__(self, seed: int):
        """Sample the field.

        Args:
          seed: of the field.
        """
        cells = np.random.default_rng(seed).uniform(-1.0, 1.0, (_CELLS, _CELLS)).astype(np.float32)
        lattice = np.pad(cells, (0, 1), mode="wrap")
        self._lattice = lattice.ravel()
        self._steps = np.diff(lattice, axis=1, append=0.0).ravel()

    def __call__(self, u: Field, v: Field) -> Field:
        """Return the field at coordinates in cells: values in -1..1, smooth between neighbouring cells."""
        columns, along = _cell(u)
        rows, down = _cell(v)
        corner = rows * (_CELLS + 1) + columns
        top, bottom = (self._lattice.take(corner + row) for row in (0, _CELLS + 1))
        top += along * self._steps.take(corner)
        bottom += along * self._steps.take(corner + (_CELLS + 1))
        bottom -= top
        bottom *= down
        bottom += top
        return bottom


def _cell(coordinate: Field) -> tuple[np.ndarray, np.ndarray]:
    floor = np.floor(coordinate)
    offset = coordinate - floor
    smoothed = 3.0 - 2.0 * offset
    smoothed *= offset
    smoothed *= offset
    return floor.astype(np.intp) & (_CELLS - 1), smoothed


def visible(cell: float) -> float:
    """Return the contrast, 0..1, that is left of noise with cells of this many pixels."""
    return cell**3 / (cell**3 + 1.0)
