"""Names of parts of a face that users edit together; imports nothing, so that a command's help is fast."""

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
