"""Writes the weights that all sides begin with, in a process of its own, and prints what PyTorch runs on, as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from launch.benchmark.pytorch_networks import randomise
from launch.benchmark.pytorch_sizes import MAKE
from launch.benchmark.workloads import make_sizes


def main(size: int, folder: Path, networks: list[str]) -> None:
    """Write random weights of some networks for images of a size in px; they keep a signal's size."""
    sizes = make_sizes(size)
    for seed, (name, make) in enumerate(MAKE.items()):
        if name not in networks:
            continue
        state = randomise(make(sizes), seed).state_dict()
        np.savez(folder / f"{name}.npz", **{entry: tensor.numpy() for entry, tensor in state.items()})
    print(json.dumps({"gpu": torch.cuda.is_available()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
