"""SPADE on rendered faces: trained, and measured on faces that it has not seen."""

TASKS = ("face_parser", "spade")
"""What is trained, in order; the parser says whether generated faces have the masks that they were drawn from."""
