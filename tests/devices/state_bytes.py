"""How much of a state one of 8 devices holds under `config.mesh.fsdp = 8`, as JSON.

The small EBST is really drawn and counted from what lies on the first device; the full one is counted from shapes.
"""

import json
import sys
from pathlib import Path

import jax

from configs import ebst
from maskgan_jax import tasks
from maskgan_jax.devices import mesh


def prepare(variant: str):
    """The function that draws a state of EBST, its shapes and its layout."""
    config = ebst.get_config(variant)
    config.mesh.fsdp = jax.device_count()
    task = tasks.make(config)

    def draw_state(rng):
        return task.init(rng, {name: draw(rng) for name, draw in task.starts.items()})

    shapes = jax.eval_shape(draw_state, jax.random.key(0))
    return draw_state, shapes, mesh.state_sharding(shapes, mesh.make_mesh(config))


def counted(state) -> dict[str, int]:
    """Bytes of parameters and optimisers' state: whole, and on the first device."""
    arrays = jax.tree.leaves((state.params, state.opt_state))
    first = jax.devices()[0]
    shards = [shard.data for array in arrays for shard in array.addressable_shards if shard.device == first]
    return {"whole": sum(array.nbytes for array in arrays), "held": sum(shard.nbytes for shard in shards)}


def planned(shapes, layout) -> dict[str, int]:
    """The same from shapes."""
    arrays, places = (jax.tree.leaves((tree.params, tree.opt_state)) for tree in (shapes, layout))
    pairs = list(zip(arrays, places, strict=True))
    held = [jax.ShapeDtypeStruct(place.shard_shape(array.shape), array.dtype) for array, place in pairs]
    return {name: sum(each.size * each.dtype.itemsize for each in of) for name, of in
            {"whole": arrays, "held": held}.items()}  # fmt: skip


if __name__ == "__main__":
    draw_state, shapes, layout = prepare("small")
    state = mesh.compile_once(draw_state, layout)(jax.random.key(0))
    figures = {
        "small, counted": counted(state),
        "small, planned": planned(shapes, layout),
        "full, planned": planned(*prepare("")[1:]),
    }
    Path(sys.argv[1]).write_text(json.dumps(figures))
