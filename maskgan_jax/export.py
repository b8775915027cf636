"""Write what a trained run needs for inference, and nothing that only training needs.

  python -m maskgan_jax.export --checkpoint=runs/ebst --out=exported

The folder holds an Orbax checkpoint with the run's config, which every command takes as --checkpoint (networks as their
EMA where the run kept one), and each inference function of the task as NAME.jax_export: serialised for CPU, CUDA and
TPU, weights included, it needs JAX alone. Of an EBST run:

  encode_style   photos, uint8 (b, s, s, 3), and their masks, uint8 (b, s, s), to styles, float32 (b, k)
  generate       masks, uint8 (b, s, s), and styles, float32 (b, k), to photos, uint8 (b, s, s, 3)
  encode_mask    masks, uint8 (b, s, s), to codes, float32 (b, z)
  decode_mask    codes, float32 (b, z), to masks, uint8 (b, s, s)

Of a run of portrait editing:

  encode_parts   photos and their masks to the styles of their parts, float32 (b, 5, k)
  compose        masks, photos, the photos' own masks, and styles of parts, to photos

Of a run of EBGAN; Att-EBGAN's `encode_exemplar` also takes gates, float32 (b, n), and it has `classify`:

  encode_exemplar  photos and regions, uint8 (b, s, s), to codes, float32 (b, y, x, c)
  inpaint          photos, regions and codes to photos
  classify         photos to logits of the attributes, float32 (b, n)

Of a run of SPADE `encode_style` and `generate`; of StarGAN, which also has `classify`, and of ELEGANT:

  set_attributes   photos and labels, float32 (b, n), 1 for each attribute that is wanted, else 0, to photos
  exchange         photos, others, and gates, float32 (b, n), 1 for each attribute to take from the others, to photos
"""

from pathlib import Path

from absl import app, flags

from maskgan_jax.cli import run
from maskgan_jax.inference.export import export_run

CHECKPOINT = flags.DEFINE_string("checkpoint", None, "Folder of a training run, or of an import.")
OUT = flags.DEFINE_string("out", None, "Folder to write; it may not exist yet, or be empty.")


def main(argv: list[str]) -> None:
    """Parse and call."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    export_run(Path(CHECKPOINT.value), Path(OUT.value))


if __name__ == "__main__":
    flags.mark_flags_as_required([flag.name for flag in (CHECKPOINT, OUT)])
    run(main)
