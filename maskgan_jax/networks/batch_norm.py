"""Batch norm with the initial values of pix2pixHD's family of networks."""

from collections.abc import Sequence

import jax
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array


def scale_init(key: Array, shape: Sequence[int], dtype: DTypeLike = float) -> Array:
    """Draw initial scales from a normal distribution, mean 1 and deviation 0.02 (published code, `weights_init`)."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)


def batch_norm(dtype: DTypeLike, train: bool, name: str, momentum: float = 0.9) -> nn.BatchNorm:
    """Return a batch norm, whose statistics are float32 or more.

    Args:
      dtype: type of the result.
      train: whether it uses the batch's statistics, and moves the running ones towards them.
      name: of the submodule.
      momentum: what a step keeps of the running statistics; 0.9 is PyTorch's default, there called 0.1.
    """
    return nn.BatchNorm(not train, momentum=momentum, epsilon=1e-5, dtype=dtype, scale_init=scale_init, name=name)
