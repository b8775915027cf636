"""Redraws a photo after an edited mask, with the generator of a training run.

  python -m maskgan_jax.edit --checkpoint=runs/ebst --image=in.jpg --mask=mask.png --edited-mask=new.png --out=out.png

Photo and masks are square and of one size; a mask is a grey or palette PNG whose values are the labels 0 to 18 of
CelebAMask-HQ. The result has the size that the run was trained at.
"""

from pathlib import Path

from absl import app, flags
from PIL import Image

from maskgan_jax import pictures
from maskgan_jax.command import run
from maskgan_jax.editing import Editor
from maskgan_jax.errors import UserError
from maskgan_jax.photos import read_label_map, read_photo

CHECKPOINT = flags.DEFINE_string("checkpoint", None, "Folder of an EBST run (the --workdir of the training).")
IMAGE = flags.DEFINE_string("image", None, "The photo: any image file, square.")
MASK = flags.DEFINE_string("mask", None, "Its mask: label map of the photo's size.")
EDITED_MASK = flags.DEFINE_string("edited-mask", None, "The mask as it should be: label map of the photo's size.")
OUT = flags.DEFINE_string("out", None, "File to write, .png or .jpg; replaced if it exists.")


def main(argv: list[str]) -> None:
    """Parses and calls."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    out = Path(OUT.value)
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError(f"--out: {out} names no picture format; end it in .png or .jpg")
    photo = read_photo(Path(IMAGE.value))
    masks = [_read_mask(Path(path), photo.shape[:2], IMAGE.value) for path in (MASK.value, EDITED_MASK.value)]
    if photo.shape[0] != photo.shape[1]:
        raise UserError(f"{IMAGE.value}: {photo.shape[1]}x{photo.shape[0]} pixels; crop it to a square around the face")
    result = Editor(Path(CHECKPOINT.value)).edit(photo, *masks)
    pictures.save(Image.fromarray(result), out)


def _read_mask(path: Path, size: tuple[int, int], photo: str):
    mask = read_label_map(path)
    if mask.shape != size:
        raise UserError(
            f"{path}: {mask.shape[1]}x{mask.shape[0]} pixels, but {photo} has {size[1]}x{size[0]}; "
            "scale the mask to the photo's size by nearest neighbour"
        )
    return mask


if __name__ == "__main__":
    flags.mark_flags_as_required([flag.name for flag in (CHECKPOINT, IMAGE, MASK, EDITED_MASK, OUT)])
    run(main)
