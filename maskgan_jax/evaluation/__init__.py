"""Metrics of generated photos: distances between sets, and the pairs that the papers' tables are made from."""
