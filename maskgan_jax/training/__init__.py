"""The training loop and what it owns."""
