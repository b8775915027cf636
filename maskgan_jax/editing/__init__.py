"""Editing of photos with trained networks: a face, its mask and its style, and the edits that are made of them."""
