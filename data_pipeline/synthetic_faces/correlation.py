"""Styles that go with geometries, as in photos of people, where who has long hair more often wears make-up."""

import functools

import numpy as np
from scipy.special import ndtr, ndtri

from data_pipeline.synthetic_faces.anatomy import sample_geometry
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.style import Ranks

_SAMPLES = 2_000
"""Geometries whose values rank those of others."""


def sample_ranks(rng: np.random.Generator, geometry: Geometry, strength: float) -> Ranks:
    """Sample ranks of a style that are correlated with those of a geometry by a Gaussian copula.

    Make-up goes with long hair, dark skin with a wide nose, stubble with a square jaw. Each keeps its own distribution.

    Args:
      rng: of the sample.
      geometry: of the face.
      strength: correlation of the normal variables, 0 to 1.
    """
    ranked = {}
    for name, values, value in zip(Ranks._fields, _samples(), _values(geometry), strict=True):
        ties = rng.uniform(np.searchsorted(values, value), np.searchsorted(values, value, side="right") + 1)
        own = ndtri(np.clip(ties / (_SAMPLES + 1), 1e-3, 1 - 1e-3))
        mixed = strength * own + np.sqrt(1 - strength**2) * rng.standard_normal()
        ranked[name] = float(ndtr(mixed))
    return Ranks(**ranked)


def _values(geometry: Geometry) -> tuple[float, float, float]:
    """Return what the ranks of `Ranks` go with, in its order."""
    return geometry.hair.length, geometry.nose.width, geometry.outline.jaw


@functools.cache
def _samples() -> tuple[np.ndarray, ...]:
    """Return sorted samples of each of the values."""
    rng = np.random.default_rng(0)
    return tuple(
        np.sort(column) for column in zip(*(_values(sample_geometry(rng)) for _ in range(_SAMPLES)), strict=True)
    )
