"""Three steps of every task on all devices, from the same start and the same batch; losses and gradients as JSON.

A gradient is read off Adam's first moment, which after one step is (1 - b1) times the gradient.
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np
import optax

from maskgan_jax import mesh, tasks
from tests.tiny import tiny_config


def measure(task_name: str) -> dict:
    """Losses of three steps, and by optimiser and tensor the norm of the first step's gradient."""
    config = tiny_config(task_name)
    task = tasks.make(config)
    devices = mesh.make_mesh(config.batch_size)

    def draw_state(rng):
        starts = {name: draw(rng) for name, draw in task.starts.items()}
        if "mask_vae" in starts:  # codes far apart, for an untrained MaskVAE would draw M^inter and M^outer alike
            to_mean = starts["mask_vae"]["params"]["mask_vae"]["to_mean"]
            to_mean["kernel"] = 100 * to_mean["kernel"]
        return task.init(rng, starts)

    state = mesh.compile_once(draw_state, devices)(jax.random.key(0))
    rng = np.random.default_rng(0)
    shape = (config.batch_size, config.data.size, config.data.size)
    coarse = rng.integers(0, 19, (2, config.batch_size, 8, 8), np.uint8)
    masks = coarse.repeat(config.data.size // 8, axis=2).repeat(config.data.size // 8, axis=3)
    batch = {
        # Black or white, which tanh never reaches: where a drawing meets its photo, |a - b| has a kink, and rounding
        # alone would turn that pixel's gradient round.
        "image_t": 255 * rng.integers(0, 2, (*shape, 3), np.uint8),
        "mask_t": masks[0],
        "mask_ref": masks[1],
        "index": np.arange(config.batch_size, dtype=np.int32),
    }
    step = mesh.compile_step(task.step, devices)
    losses, gradients = [], {}
    for batch_on_devices in mesh.to_devices([batch] * 3, devices):
        state, scalars = step(state, batch_on_devices)
        losses.append({name: float(value) for name, value in mesh.to_host(scalars).items()})
        if not gradients:
            gradients = {name: _gradient_norms(opt_state, config) for name, opt_state in state.opt_state.items()}
    return {"losses": losses, "gradients": gradients, "compilations": step._cache_size()}


def _gradient_norms(opt_state: optax.OptState, config) -> dict[str, dict[str, float]]:
    moments = optax.tree_utils.tree_get(opt_state, "mu")
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): {
            "norm": float(np.linalg.norm(moment)) / (1 - config.optimiser.b1),
            "ndim": moment.ndim,
        }
        for path, moment in jax.tree_util.tree_leaves_with_path(mesh.to_host(moments))
    }


if __name__ == "__main__":
    names = ("mask_vae", "dense_mapping", "ebst", "face_parser")
    figures = {name: measure(name) for name in names} | {"devices": jax.device_count()}
    Path(sys.argv[1]).write_text(json.dumps(figures))
