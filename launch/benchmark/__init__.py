"""This project beside the same networks in PyTorch: `python -m launch.benchmark`."""
