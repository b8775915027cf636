"""Weights of other frameworks; the only room that imports torch."""
