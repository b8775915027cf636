"""Runs of random weights, for tests of what is done with networks and not of what they have learnt."""

from pathlib import Path

import jax
import numpy as np
from flax import traverse_util
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax import tasks
from maskgan_jax.runs.models import save_model
from maskgan_jax.tasks.task import swap_levels, variable_shapes


def write_random_run(config: ConfigDict, folder: Path, seed: int = 0) -> None:
    """Write a run of the networks that a task infers with; their outputs vary with their inputs, unlike at step 0."""
    task, rng = tasks.make(config), np.random.default_rng(seed)

    def draw(path: tuple, shape: jax.ShapeDtypeStruct) -> np.ndarray:
        name, values = path[-1].key, rng.standard_normal(shape.shape)
        if name == "kernel":
            values *= np.sqrt(2 / np.prod(shape.shape[:-1]))
        elif name in ("scale", "var"):
            values = 1 + 0.1 * np.abs(values)
        else:
            values *= 0.1
        return values.astype(shape.dtype)

    names = sorted({name for function in task.inference.values() for name in function.networks})
    shapes = {name: variable_shapes(name, task.networks[name]) for name in names}
    variables = jax.tree_util.tree_map_with_path(draw, shapes)
    save_model(folder, config, swap_levels({name: _with_singular_vectors(each) for name, each in variables.items()}))


def _with_singular_vectors(variables: PyTree) -> PyTree:
    """Return a network's variables with the singular vectors of its kernels in place of random ones."""
    flat = traverse_util.flatten_dict(variables)
    for path in [path for path in flat if path[-1] == "u"]:
        kernel = flat[("params", *path[1:-1], "kernel")]
        right, _, left = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), full_matrices=False)
        flat[path], flat[(*path[:-1], "v")] = left[0], right[:, 0].reshape(kernel.shape[:-1])
    return traverse_util.unflatten_dict(flat)
