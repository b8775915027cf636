"""Five steps of a task in float64 on all devices of all processes; losses and gradients as JSON.

Every layout begins with the same state and trains on the same batch.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PyTree

from data_pipeline.celeba_attributes import columns_of
from maskgan_jax import tasks
from maskgan_jax.devices import mesh as mesh_module
from maskgan_jax.devices import multihost
from maskgan_jax.devices.mesh import batch_sharding, compile_step, make_mesh, replicated, state_shardings, to_host
from maskgan_jax.tasks.task import Task, TrainState, init_state, init_variables
from tests.tiny import tiny_config

TASKS = ("mask_vae", "face_parser", "dense_mapping", "ebst", "portrait_editing", "att_ebgan", "elegant")
WITHOUT_BATCH_NORM = ("dense_mapping", "ebst", "elegant")
"""Whose gradient over a batch is the mean of those over its parts."""

STEPS = 5
SIZES = {"portrait_editing": 64}
"""Height and width in px of a task's photos; of others 16."""


def measure(task_name: str, fsdp: int, microbatches: int) -> dict[str, object]:
    """Return the losses of each step and, by optimiser and tensor, the gradient's norm in the first step."""
    config = tiny_config(task_name)
    config.dtype = "float64"
    config.data.size = SIZES.get(task_name, 16)
    if "mask_vae" in config.networks:
        config.networks.mask_vae.widths = (4, 8)
    if task_name == "portrait_editing":
        config.losses.lambda_kl = 0.01  # or log-variances would have no gradient
    config.num_train_steps = 2 * STEPS  # the learning rate is constant in the first half
    config.mesh.fsdp = fsdp
    config.accumulation_steps = microbatches
    task = tasks.make(config)
    mesh = make_mesh(config)

    initial = to_host(random_state(task))
    shardings = state_shardings(initial, mesh)
    state = jax.device_put(initial, shardings)
    batch = jax.device_put(random_batch(config.batch_size, config.data.size), batch_sharding(mesh))
    step = compile_step(task.step, shardings, mesh)
    norms_of = jax.jit(gradient_norms, out_shardings=replicated(mesh), static_argnums=1)
    losses, gradients = [], {}
    for _ in range(STEPS):
        state, scalars = step(state, batch)
        losses.append({name: float(value) for name, value in to_host(scalars).items()})
        gradients = gradients or to_host(norms_of(state.opt_state, config.optimiser.b1))
    return {
        "losses": losses,
        "gradients": {name: [float(norm), int(ndim)] for name, (norm, ndim) in gradients.items()},
        "compilations": step._cache_size(),
        "sharded arrays": sum(not leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(state)),
    }


def random_state(task: Task) -> TrainState:
    """Return a state of step 0 in float64: kernels after He et al. 2015, so that no signal vanishes, and biases.

    EBST's two simulated edits then differ, which those of a newly initialised MaskVAE do not.
    """
    rng = np.random.default_rng(0)

    def sample(path: tuple, array: jax.ShapeDtypeStruct) -> np.ndarray:
        normal = rng.normal(size=array.shape)
        match path[-1].key:
            case "kernel":
                return normal * np.sqrt(2 / np.prod(array.shape[:-1]))
            case "bias" | "mean":
                return 0.2 * normal
            case "scale" | "var":
                return np.exp(0.2 * normal)
            case name if name.endswith(("/u", "/sigma")):
                return normal
        raise ValueError(path)

    key = jax.random.key(0)
    shapes = {name: jax.eval_shape(partial(init_variables, name, each), key) for name, each in task.networks.items()}
    return init_state(task, key, jax.tree_util.tree_map_with_path(sample, shapes))


def random_batch(batch_size: int, size: int) -> dict[str, np.ndarray]:
    """Return photos, masks of 4 px squares, regions and attributes, some of which pairs of photos exchange."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 19, (2, batch_size, size // 4, size // 4), np.uint8)
    mask_t, mask_ref = coarse.repeat(4, axis=2).repeat(4, axis=3)
    photos = rng.integers(0, 256, (batch_size, size, size, 3), np.uint8)
    region = rng.integers(0, 2, (batch_size, size, size), np.uint8)
    return {
        "image_t": photos,
        "mask_t": mask_t,
        "mask_ref": mask_ref,
        "region": region,
        "attributes": rng.integers(-1, 2, (batch_size, 40)).astype(np.int8),
        "image_ref": rng.integers(0, 256, (batch_size, size, size, 3), np.uint8),
        "attributes_ref": rng.integers(-1, 2, (batch_size, 40)).astype(np.int8),
        "differing_attribute": np.resize(np.array(columns_of(["Smiling", "Eyeglasses"]), np.int8), batch_size),
        "index": np.arange(batch_size),
    }


def gradient_norms(opt_state: PyTree, b1: float) -> dict[str, tuple[jax.Array, int]]:
    """Return norm and number of axes of each tensor's gradient after the first step.

    Adam's first moment then is (1 - b1) times the gradient.
    """
    moments = {name: optax.tree_utils.tree_get(each, "mu") for name, each in opt_state.items()}
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): (jnp.linalg.norm(moment) / (1 - b1), moment.ndim)
        for path, moment in jax.tree_util.tree_leaves_with_path(moments)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--fsdp", type=int, default=1)
    parser.add_argument("--microbatches", type=int, nargs="+", default=[1])
    parser.add_argument("--coordinator_address")
    parser.add_argument("--num_processes", type=int)
    parser.add_argument("--process_id", type=int)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    distributed = None if options.coordinator_address else False
    multihost.join(distributed, options.coordinator_address, options.num_processes, options.process_id, timeout_s=120)
    mesh_module.MIN_SHARDED_SIZE = 64  # tiny networks have no large arrays
    measurements = {count: measure(options.task, options.fsdp, count) for count in options.microbatches}
    if jax.process_index() == 0:
        options.path.write_text(json.dumps({"devices": jax.device_count(), "microbatches": measurements}))
