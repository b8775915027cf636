"""The 40 attributes of CelebA as functions of a face's parameters."""

import numpy as np
from jaxtyping import Int8

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.style import Style


def attributes_of(geometry: Geometry, style: Style) -> Int8[np.ndarray, "40"]:
    """Return a face's attributes in the order of `ATTRIBUTES`: 1 present, -1 absent or never rendered."""
    hair, mouth = geometry.hair, geometry.mouth
    haired = hair.kind != "bald"
    has = {
        "5_o_Clock_Shadow": style.stubble > 0.0,
        "Arched_Eyebrows": geometry.brows.arch > 0.035,
        "Bald": not haired,
        "Bangs": hair.fringe > 0.0,
        "Big_Lips": mouth.upper + mouth.lower > 0.088,
        "Big_Nose": geometry.nose.width > 0.105,
        "Black_Hair": haired and style.hair_colour == "black",
        "Blond_Hair": haired and style.hair_colour == "blond",
        "Brown_Hair": haired and style.hair_colour == "brown",
        "Bushy_Eyebrows": geometry.brows.thickness > 0.026,
        "Chubby": geometry.outline.width > 0.51,
        "Eyeglasses": geometry.glasses is not None,
        "Gray_Hair": haired and style.hair_colour == "grey",
        "Heavy_Makeup": style.lipstick > 0.0 and style.eye_shadow_strength > 0.0,
        "High_Cheekbones": mouth.smile > 0.4,
        "Mouth_Slightly_Open": mouth.opening > 0.0,
        "Narrow_Eyes": geometry.eyes.opening < 0.033,
        "No_Beard": style.stubble == 0.0,
        "Oval_Face": geometry.outline.taper > 0.1 and geometry.outline.jaw < 2.2,
        "Pale_Skin": min(style.skin) > 0.66,
        "Receding_Hairline": hair.kind == "receding",
        "Rosy_Cheeks": style.blush > 0.3,
        "Smiling": mouth.smile > 0.4,
        "Straight_Hair": hair.kind in ("bob", "long") and hair.wave == 0.0,
        "Wavy_Hair": hair.kind == "curly" or (hair.kind in ("bob", "long") and hair.wave > 0.0),
        "Wearing_Earrings": geometry.earrings is not None,
        "Wearing_Hat": geometry.hat is not None,
        "Wearing_Lipstick": style.lipstick > 0.0,
        "Wearing_Necklace": geometry.necklace is not None,
    }
    return np.array([1 if has.get(name, False) else -1 for name in ATTRIBUTES], np.int8)
