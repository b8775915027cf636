"""Five steps of tasks on all devices of all processes, from the same start and batch; losses and gradients as JSON.

A gradient is read off Adam's first moment, which after one step is (1 - b1) times the gradient.
"""

import argparse
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from maskgan_jax import tasks
from maskgan_jax.devices import mesh, multihost
from tests.tiny import tiny_config

STEPS = 5


def measure(task_name: str, fsdp: int, accumulation_steps: int) -> dict:
    """Losses of the steps, and by optimiser and tensor the norm of the first step's gradient."""
    config = tiny_config(task_name)
    config.mesh.fsdp = fsdp
    config.accumulation_steps = accumulation_steps
    task = tasks.make(config)
    devices = mesh.make_mesh(config)

    def draw_state(rng):
        starts = {name: draw(rng) for name, draw in task.starts.items()}
        if "mask_vae" in starts:  # codes far apart, for an untrained MaskVAE would draw M^inter and M^outer alike
            to_mean = starts["mask_vae"]["params"]["mask_vae"]["to_mean"]
            to_mean["kernel"] = 100 * to_mean["kernel"]
        return task.init(rng, starts)

    layout = mesh.state_sharding(jax.eval_shape(draw_state, jax.random.key(0)), devices)
    state = mesh.compile_once(draw_state, layout)(jax.random.key(0))
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
    own = {name: np.array_split(rows, jax.process_count())[jax.process_index()] for name, rows in batch.items()}
    step = mesh.compile_step(task.step, layout, devices)
    losses, gradients = [], {}
    for batch_on_devices in mesh.to_devices([own] * STEPS, devices):
        state, scalars = step(state, batch_on_devices)
        losses.append({name: float(value) for name, value in mesh.to_host(scalars).items()})
        if not gradients:
            norms_of = jax.jit(_gradient_norms, out_shardings=mesh.replicated(devices))
            moments = {name: optax.tree_utils.tree_get(each, "mu") for name, each in state.opt_state.items()}
            gradients = {
                jax.tree_util.keystr(path, simple=True, separator="/"): {
                    "norm": float(norm) / (1 - config.optimiser.b1),
                    "ndim": int(ndim),
                }
                for path, (norm, ndim) in jax.tree_util.tree_leaves_with_path(
                    mesh.to_host(norms_of(moments)), is_leaf=lambda entry: isinstance(entry, tuple)
                )
            }
    return {
        "losses": losses,
        "gradients": gradients,
        "compilations": step._cache_size(),
        "split arrays": sum(not leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(state)),
    }


def _gradient_norms(moments):
    return jax.tree.map(lambda moment: (jnp.linalg.norm(moment), moment.ndim), moments)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--tasks", default="mask_vae,dense_mapping,ebst,face_parser")
    parser.add_argument("--fsdp", type=int, default=1)
    parser.add_argument("--accumulation_steps", type=int, default=1)
    parser.add_argument("--coordinator_address")
    parser.add_argument("--num_processes", type=int)
    parser.add_argument("--process_id", type=int)
    options = parser.parse_args()
    together = None if options.coordinator_address else False
    multihost.join(together, options.coordinator_address, options.num_processes, options.process_id, timeout_s=120)
    mesh.SPLIT_FROM_SIZE = 64  # tiny networks have no large arrays
    figures = {name: measure(name, options.fsdp, options.accumulation_steps) for name in options.tasks.split(",")}
    if jax.process_index() == 0:
        options.path.write_text(json.dumps(figures | {"devices": jax.device_count()}))
