"""Names of parts of a face that users edit together; imports little, so that a command's help is fast."""

from data_pipeline import boxed_parts

PART_GROUPS = {
    "smile": ("mouth", "u_lip", "l_lip"),
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "ears": ("l_ear", "r_ear"),
    "glasses": ("eye_g",),
    "earrings": ("ear_r",),
    "necklace": ("neck_l",),
}
"""Classes of `data_pipeline.labels` by the group's name; every class but the background is also a part by itself."""

OFFERED_PARTS = (*PART_GROUPS, "nose", "hair", "hat")
"""What the editor in the browser offers to take from another face."""

STYLE_PARTS = {
    "all": ("left_eye", "right_eye", "skin", "hair", "mouth"),
    "hair": ("hair",),
    "eyes": ("left_eye", "right_eye"),
    "left_eye": ("left_eye",),
    "right_eye": ("right_eye",),
    "mouth": ("mouth",),
    "skin": ("skin",),
}
"""Parts whose styles are copied by themselves, by the name that users give; left and right are those of the image.

Only portrait editing has a style for each part. Brows and nose belong to the skin, the lids to the eyes.
"""

WHOLE_FACE = ("skin", "hair", "eyes", "mouth")
"""Names of `STYLE_PARTS` that make up a whole face, its eyes as a pair: what is mixed, and offered in the browser."""

REGION_PARTS = {**boxed_parts.BOXED_PARTS, "face": boxed_parts.FACE}
"""Labels by the names of parts whose boxes a region can be made of."""
