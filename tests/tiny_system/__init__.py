"""A system of one's own: its networks, task and config, which no file of the package names."""
