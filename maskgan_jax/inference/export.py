"""Export of trained networks and of their serialised inference functions."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import export

from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.runs.models import save_model
from maskgan_jax.tasks.task import swap_levels

PLATFORMS = ("cpu", "cuda", "tpu")


def export_run(checkpoint: Path, out: Path, functions: bool = True, half: bool = False) -> None:
    """Export the run in the folder `checkpoint` to the folder `out`.

    Args:
      checkpoint: folder of a run, an export or an import.
      out: folder to write.
      functions: also write the serialised inference functions, each with its weights.
      half: keep the weights in half precision (float16), at half the size; they are float32 again once loaded.

    Raises:
      UserError: no run there, a network is missing, or `out` holds something already.
    """
    model = load_model(checkpoint, None, "--checkpoint")
    files = {f"{name}.jax_export": serialise(model, name) for name in model.task.inference} if functions else {}
    variables = jax.tree.map(lambda leaf: leaf.astype(jnp.float16), model.variables) if half else model.variables
    save_model(out, model.config, swap_levels(variables), files)


def serialise(model: Model, name: str) -> bytes:
    """Serialise an inference function with its weights, for any batch size on each of `PLATFORMS`."""
    inference = model.task.inference[name]
    (batch,) = export.symbolic_shape("b")
    arrays = [jax.ShapeDtypeStruct((batch, *each.shape), each.dtype) for each in inference.inputs]
    variables = {network: model.variables[network] for network in inference.networks}
    function = jax.jit(partial(inference.function, variables))
    return bytes(export.export(function, platforms=PLATFORMS)(*arrays).serialize())
