"""PyTorch state dicts as files: a dictionary of tensors by entry name."""

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError

Arrays = Mapping[str, np.ndarray]


def read(path: Path) -> dict[str, np.ndarray]:
    """Read a state dict, zipped or in PyTorch's old format, without executing anything in it or `module.` prefixes.

    Raises:
      UserError: PyTorch is not installed, or the file is no state dict of plain numbers.
    """
    torch = _torch(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; give a PyTorch state dict (.pth)")
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are refused anyway
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # on a corrupt file PyTorch's parser raises errors of many types
        raise UserError(f"{path}: not a file of weights that PyTorch reads ({type(error).__name__})") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise UserError(f"{path}: holds a {type(content).__name__}, not a state dict; save network.state_dict()")
    if all(name.startswith("module.") for name in content):  # the names under torch.nn.DataParallel
        content = {name.removeprefix("module."): tensor for name, tensor in content.items()}
    arrays = {}
    for name, tensor in content.items():
        if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_meta:
            raise UserError(f"{path}: entry {name!r} is no dense tensor; save network.state_dict() alone")
        if tensor.dtype not in (torch.float32, torch.int64):
            raise UserError(f"{path}: entry {name!r} is {tensor.dtype}; save the network as float32: network.float()")
        arrays[name] = tensor.detach().numpy()
    return arrays


def write(path: Path, arrays: Arrays) -> None:
    """Write a state dict, whole or not at all, in the format that PyTorch before 1.6 reads too; replaces a file.

    Raises:
      UserError: PyTorch is not installed, or the file can't be written.
    """
    torch = _torch(path)
    content = OrderedDict((name, torch.from_numpy(np.array(array, order="C"))) for name, array in arrays.items())
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            torch.save(content, file, _use_new_zipfile_serialization=False)
    except OSError as error:
        raise UserError(f"{path}: can't be written ({error.strerror}); name another file") from None


def _torch(path: Path):
    """Import PyTorch, an optional extra of the package."""
    try:
        import torch
    except ImportError:
        raise UserError(f"{path}: this needs PyTorch; install it: pip install 'maskgan_jax[torch]'") from None
    return torch
