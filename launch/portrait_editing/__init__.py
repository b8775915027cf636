"""Mask-guided portrait editing on rendered faces: trained, and measured against true results."""

TASKS = ("face_parser", "portrait_editing")
"""What is trained, in order."""
