"""Trained networks from a run, an export or an import, as functions of 8-bit pixels."""
