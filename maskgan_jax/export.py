"""Writes what a trained run needs to draw, and nothing that only training needs.

  python -m maskgan_jax.export --checkpoint=runs/ebst --out=exported

The folder holds an Orbax checkpoint with the run's config, which every command takes as --checkpoint (the generator is
the moving average where the run kept one), and, where there is a generator, two serialised functions for CPU, CUDA and
TPU, weights included, that need JAX alone:

  encode_style.jax_export   photos, uint8 (b, s, s, 3), and their masks, uint8 (b, s, s), to styles, float32 (b, k)
  generate.jax_export       masks, uint8 (b, s, s), and styles to photos, uint8 (b, s, s, 3)
"""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from absl import app, flags
from jax import export
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.inference import functions, models
from maskgan_jax.runs import checkpoints, directory

CHECKPOINT = flags.DEFINE_string("checkpoint", None, "Folder of a training run, or of an import.")
OUT = flags.DEFINE_string("out", None, "Folder to write; it may not be there yet.")

PLATFORMS = ("cpu", "cuda", "tpu")

NETWORKS = {
    "mask_vae": ("mask_vae",),
    "dense_mapping": ("generator",),
    "ebst": ("generator", "mask_vae"),
    "face_parser": ("face_parser",),
}
"""By task: what draws, parses or interpolates."""


def main(argv: list[str]) -> None:
    """Parses and calls."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    write(Path(CHECKPOINT.value), Path(OUT.value))


def write(checkpoint: Path, out: Path) -> None:
    """Exports the run in `checkpoint` to the folder `out`.

    Raises:
      UserError: no run there, or something at `out` already.
    """
    config = directory.load_config(checkpoint)
    if config.task not in NETWORKS:
        raise UserError(f"{checkpoint}: its task is '{config.task}'; the tasks are {', '.join(NETWORKS)}")
    loaded = {name: models.load(name, checkpoint, "--checkpoint") for name in NETWORKS[config.task]}
    tree = {}
    for name, model in loaded.items():
        for collection, variables in model.variables.items():
            tree.setdefault(collection, {})[name] = variables
    files = serialise(loaded["generator"]) if "generator" in loaded else {}
    checkpoints.save_model(out, _without_average(config), tree, files)


def serialise(generator: models.Model) -> dict[str, bytes]:
    """The generator's two functions with its weights, by file name; any batch size."""
    encode_style = partial(functions.encode_style, generator.network, generator.variables)
    generate = partial(functions.generate, generator.network, generator.variables)
    (batch,) = export.symbolic_shape("b")
    size = generator.size
    masks = jax.ShapeDtypeStruct((batch, size, size), jnp.uint8)
    photos = jax.ShapeDtypeStruct((batch, size, size, 3), jnp.uint8)
    styles = jax.eval_shape(encode_style, photos, masks)

    def to_bytes(function, *arguments) -> bytes:
        return bytes(export.export(jax.jit(function), platforms=PLATFORMS)(*arguments).serialize())

    return {
        "encode_style.jax_export": to_bytes(encode_style, photos, masks),
        "generate.jax_export": to_bytes(generate, masks, styles),
    }


def _without_average(config: ConfigDict) -> ConfigDict:
    exported = config.copy_and_resolve_references()
    if "average_decay" in exported:
        exported.average_decay = 0.0  # the average is the generator now
    return exported


if __name__ == "__main__":
    flags.mark_flags_as_required([flag.name for flag in (CHECKPOINT, OUT)])
    run(main)
