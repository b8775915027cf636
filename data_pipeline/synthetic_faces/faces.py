"""Faces by seed and index."""

from dataclasses import dataclass

import numpy as np

from data_pipeline.synthetic_faces.anatomy import sample_geometry
from data_pipeline.synthetic_faces.correlation import sample_ranks
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.style import Style, sample_style


@dataclass(frozen=True)
class Face:
    geometry: Geometry
    style: Style


def face(seed: int, index: int, correlation: float = 0.0) -> Face:
    """Return face number `index` (0 or more) of a seed (0 or more); the same arguments always give the same face.

    Args:
      seed: of all faces.
      index: of the face.
      correlation: how strongly its style goes with its geometry, 0 to 1, see `correlation.sample_ranks`; the geometry
        does not depend on it.
    """
    rng = np.random.default_rng([seed, index])
    geometry = sample_geometry(rng)
    ranks = sample_ranks(rng, geometry, correlation) if correlation else None
    return Face(geometry, sample_style(rng, ranks))
