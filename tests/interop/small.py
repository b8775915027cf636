"""Every kind of network at a tiny size: its config, and the same network in PyTorch."""

from pathlib import Path

import torch
from ml_collections import ConfigDict

from launch.benchmark.pytorch_networks import randomise
from launch.benchmark.pytorch_sizes import MAKE
from maskgan_jax.interop import entries
from maskgan_jax.interop.kinds import Kind, find_kind
from tests.networks.pytorch_resnet18 import ResNet18
from tests.tiny import tiny_config

TASKS = {
    "generator": "dense_mapping", "discriminator": "dense_mapping", "vgg19": "dense_mapping", "blender": "ebst",
    "mask_vae": "mask_vae", "face_parser": "face_parser", "resnet18": "attribute_classifier",
}  # fmt: skip
"""A task that has the network, by kind."""


def small_config(kind: str) -> ConfigDict:
    """Return a tiny config of a task that has the network."""
    config = tiny_config(TASKS[kind])
    if kind == "vgg19":
        config.losses.lambda_percept = 10.0
    return config


def mapping_of(kind: str, config: ConfigDict) -> entries.Mapping:
    """Return the mapping of entries to arrays, for the network of a config."""
    found: Kind = find_kind(kind, config)
    return entries.mapping_of(found.name, found.network)


def in_pytorch(kind: str, config: ConfigDict) -> torch.nn.Module:
    """Build the network of a config in PyTorch."""
    if kind == "resnet18":
        network = ResNet18(config.networks.resnet18.widths)
        del network.fc
        return network
    return MAKE["alpha_blender" if kind == "blender" else kind](config.networks)


def reference(kind: str, config: ConfigDict, seed: int = 0) -> torch.nn.Module:
    """Build the network of a config in PyTorch, with random weights, statistics and counts."""
    return randomise(in_pytorch(kind, config), seed)


def save(state_dict: dict, path: Path, is_zip: bool = True) -> Path:
    """Write a state dict as PyTorch since 1.6 does, or as before."""
    torch.save(state_dict, path, _use_new_zipfile_serialization=is_zip)
    return path


def assert_same_bytes(file: Path, expected: dict):
    """Compare the state dict of a file with an expected one."""
    found = torch.load(file, weights_only=True)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape), name
        assert found[name].numpy().tobytes() == tensor.numpy().tobytes(), name
