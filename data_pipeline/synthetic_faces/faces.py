"""Faces by seed and index."""

from dataclasses import dataclass

import numpy as np

from data_pipeline.synthetic_faces.anatomy import sample_geometry
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.style import Style, sample_style


@dataclass(frozen=True)
class Face:
    geometry: Geometry
    style: Style


def face(seed: int, index: int) -> Face:
    """Return face number `index` (0 or more) of a seed (0 or more); the same arguments always give the same face."""
    rng = np.random.default_rng([seed, index])
    return Face(sample_geometry(rng), sample_style(rng))
