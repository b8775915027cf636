"""Figures of generated photos: distances between sets, judges, pairs, tables."""
