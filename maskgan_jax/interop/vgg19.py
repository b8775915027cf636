"""The perceptual loss's weights, from torchvision's `vgg19` state dict."""

from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from maskgan_jax.errors import UserError
from maskgan_jax.networks.vgg19 import BLOCKS


def load(path: Path, shapes: PyTree) -> PyTree:
    """Reads the file, executing nothing in it.

    Args:
      path: what `torch.save(torchvision.models.vgg19(...).state_dict(), path)` writes; entries of the classifier and
        of convolutions after relu5_1 may be there or not.
      shapes: the parameters of `networks.vgg19.VGG19` as shapes.

    Returns:
      The parameters, float32.

    Raises:
      UserError: PyTorch is not installed, or the file is no such state dict.
    """
    try:
        import torch
    except ImportError:
        raise UserError(f"{path}: reading it needs PyTorch; install it: pip install 'maskgan_jax[torch]'") from None
    try:
        state_dict = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # on a damaged file PyTorch raises whatever its parser stumbled over
        raise UserError(f"{path}: not a file of weights that PyTorch reads ({type(error).__name__})") from None

    def entry(name: str, shape: tuple[int, ...]) -> np.ndarray:
        tensor = state_dict.get(name) if isinstance(state_dict, dict) else None
        if not isinstance(tensor, torch.Tensor) or tuple(tensor.shape) != shape:
            found = tuple(tensor.shape) if isinstance(tensor, torch.Tensor) else "nothing"
            raise UserError(f"{path}: entry {name} needs shape {shape}, found {found}; is it torchvision's vgg19?")
        return tensor.to(torch.float32).numpy()

    params = {}
    for layer, index in _entries():
        height, width, inputs, outputs = shapes[layer]["kernel"].shape
        kernel = entry(f"features.{index}.weight", (outputs, inputs, height, width))
        params[layer] = {
            "kernel": jax.numpy.asarray(kernel.transpose(2, 3, 1, 0)),
            "bias": jax.numpy.asarray(entry(f"features.{index}.bias", (outputs,))),
        }
    return params


def _entries() -> list[tuple[str, int]]:
    """Our name of each convolution and its place in torchvision's `features`, where ReLUs and pools have places too."""
    entries, index = [], 0
    for block, widths in enumerate(BLOCKS, start=1):
        for layer in range(1, len(widths) + 1):
            entries.append((f"conv{block}_{layer}", index))
            index += 2
        index += 1
    return entries
