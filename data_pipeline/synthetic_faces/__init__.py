"""Procedural faces with exact label maps and known results of edits.

A face is a geometry and a style: `render(edit(geometry), style, size)` is the true result of editing its label map.
"""

from data_pipeline.synthetic_faces.anatomy import sample_geometry
from data_pipeline.synthetic_faces.attributes import attributes_of
from data_pipeline.synthetic_faces.edits import EDITS
from data_pipeline.synthetic_faces.faces import Face, face
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.render import render
from data_pipeline.synthetic_faces.splits import split_of
from data_pipeline.synthetic_faces.style import Style, sample_style
from data_pipeline.synthetic_faces.write import read_record, write

__all__ = [
    "EDITS",
    "Face",
    "Geometry",
    "Style",
    "attributes_of",
    "face",
    "read_record",
    "render",
    "sample_geometry",
    "sample_style",
    "split_of",
    "write",
]
