"""A run on disk: its folder and config, its checkpoints and their integrity."""
