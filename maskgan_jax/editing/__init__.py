"""Editing sessions: a photo, its mask and its style, and what can be done with them."""
