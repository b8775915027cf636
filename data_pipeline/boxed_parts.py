"""Parts of a face whose boxes are hidden, or taken from an exemplar."""

BOXED_PARTS = {
    "mouth": (10, 11, 12),
    "eyes": (3, 4, 5),
    "brows": (6, 7),
    "nose": (2,),
    "hair": (13,),
    "ears": (8, 9, 15),
}
"""Labels by the name of the part; left and right ones are one part."""

FACE = (1, 2, 3, 4, 5, 6, 7, 10, 11, 12)
"""Labels of the whole face."""

MARGIN = 0.1
"""Margin of the box around a part at each edge, in sides of the box."""

MIN_MARGIN = 8 / 256
"""The least margin, in sides of the image."""
