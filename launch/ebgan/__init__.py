"""EBGAN and Att-EBGAN on rendered faces: trained, and measured against true results."""

TASKS = ("ebgan", "att_ebgan")
"""What can be trained."""
