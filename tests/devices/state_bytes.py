"""Bytes of a state that one of 8 devices holds under `config.mesh.fsdp = 8`, as JSON.

The small EBST is allocated, with zeros, and counted on the first device; the full one by its shardings alone.
"""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

from configs import ebst
from maskgan_jax import tasks
from maskgan_jax.devices import mesh
from maskgan_jax.tasks.task import init_state


def prepare(variant: str):
    """Return the shapes of a state of EBST and its shardings."""
    config = ebst.get_config(variant)
    config.mesh.fsdp = jax.device_count()
    task = tasks.make(config)
    shapes = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    return shapes, mesh.state_shardings(shapes, mesh.make_mesh(config))


def allocated(state) -> dict[str, int]:
    """Return the bytes of parameters and optimisers' state, whole and on the first device."""
    arrays = jax.tree.leaves((state.params, state.opt_state))
    first = jax.devices()[0]
    shards = [shard.data for array in arrays for shard in array.addressable_shards if shard.device == first]
    return {"whole": sum(array.nbytes for array in arrays), "held": sum(shard.nbytes for shard in shards)}


def by_shardings(shapes, shardings) -> dict[str, int]:
    """Return the same from shapes."""
    arrays, of_arrays = (jax.tree.leaves((tree.params, tree.opt_state)) for tree in (shapes, shardings))
    pairs = zip(arrays, of_arrays, strict=True)
    shards = [jax.ShapeDtypeStruct(sharding.shard_shape(array.shape), array.dtype) for array, sharding in pairs]
    return {name: sum(each.size * each.dtype.itemsize for each in of) for name, of in
            {"whole": arrays, "held": shards}.items()}  # fmt: skip


if __name__ == "__main__":
    shapes, shardings = prepare("small")
    state = mesh.compile_init(lambda: jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), shapes), shardings)()
    counts = {
        "small, allocated": allocated(state),
        "small, by shardings": by_shardings(shapes, shardings),
        "full, by shardings": by_shardings(*prepare("")),
    }
    Path(sys.argv[1]).write_text(json.dumps(counts))
