"""Edits photos of faces with trained networks.

  python -m maskgan_jax.edit parse --image=me.jpg --out=mask.png
  python -m maskgan_jax.edit edit --image=me.jpg --edited-mask=painted.png --out=edited.png --keep-outside
  python -m maskgan_jax.edit style --image=me.jpg --reference-image=you.jpg --out=me_as_you.png
  python -m maskgan_jax.edit transfer --image=me.jpg --reference-image=you.jpg --parts=smile --out=smiling.png
  python -m maskgan_jax.edit interpolate --image=me.jpg --reference-image=you.jpg --out=interpolated.gif
  python -m maskgan_jax.edit align --image=group.jpg --face=1 --out=face.png

Options without a command mean `edit`. COMMAND --help lists the options of each.

A photo comes with its mask (--mask), both square; or without: then its face is found, aligned as in CelebA-HQ, and
parsed. A mask is a PNG of any size whose values are the labels 0 to 18, or one painted in their colours
(data_pipeline/labels.py). The results of several photos or masks are written to a folder, --out.
"""

import argparse
import sys
from pathlib import Path

from data_pipeline.errors import UserError
from maskgan_jax.cli import ArgumentParser, at_least, fraction, non_negative, run
from maskgan_jax.editing.parts import PART_GROUPS

FEATHER = 8.0
FACE_PARSER = Path("runs/face_parser")

FILE = {"type": Path, "metavar": "FILE"}
FILES = {**FILE, "nargs": "+", "action": "extend", "default": []}
FOLDER = {"type": Path, "metavar": "FOLDER"}
FACE = {"type": int, "metavar": "K"}


def main(options: argparse.Namespace) -> None:
    """Run a command on all of its files, with a progress bar if there are several results.

    Raises:
      UserError: the options exclude each other, or a result could not be made; of several, the others are written.
    """
    if options.face is not None and (options.mask or options.no_align):
        raise UserError("--face: only for photos in which a face is searched for, without --mask and --no-align")
    if options.feather is not None and not options.keep_outside:
        raise UserError("--feather: only together with --keep-outside")
    if options.keep_outside and options.feather is None:
        options.feather = FEATHER

    # Imported when a command runs, not for --help: they import JAX, SciPy and OpenCV.
    from tqdm import tqdm

    from maskgan_jax.editing import file_commands, file_jobs
    from maskgan_jax.inference.models import is_pretrained

    if options.face_parser is None:
        pretrained = options.checkpoint and is_pretrained(options.checkpoint)
        options.face_parser = options.checkpoint if pretrained else FACE_PARSER
    references = [file for file in (options.reference_image, options.reference_mask) if file]
    jobs = file_jobs.plan(
        options.image, options.mask, options.edited_mask, options.out, options.formats, also_read=references
    )
    work = getattr(file_commands, options.command)(options)
    failed = 0
    for job in tqdm(jobs, unit="photo", disable=len(jobs) < 2):
        try:
            file_commands.write(work(job), job.out)
        except UserError as error:
            if len(jobs) == 1:
                raise
            failed += 1
            tqdm.write(f"error: {error}", file=sys.stderr)
    if failed:
        raise UserError(f"{failed} of {len(jobs)} results not written, for the reasons above")


def parser() -> ArgumentParser:
    """Return the parser of the command line; its result has the fields of every command's options."""
    shared = _shared_options()
    whole = ArgumentParser(
        prog="python -m maskgan_jax.edit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whole.set_defaults(
        mask=[], edited_mask=[], reference_image=None, reference_mask=None, checkpoint=None, mask_vae=None,
        face_parser=None, no_align=False, keep_outside=False, feather=None, paste_back=False,
    )  # fmt: skip
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")

    def command(name: str, summary: str, *groups: str, formats: tuple[str, ...] = (".png", ".jpg", ".jpeg")):
        parents = [shared[group] for group in ("photos", *groups)]
        sub = commands.add_parser(name, help=summary, description=summary, parents=parents)
        sub.set_defaults(formats=formats)
        file_or_folder = f"file to write, {' or '.join(formats)}, or a folder for several; existing files are replaced"
        sub.add_argument("--out", required=True, **FILE, help=file_or_folder)
        return sub

    summary = "Generate each photo's face from its edited mask."
    sub = command("edit", summary, "networks", "face parser", "keep outside", "paste back")
    sub.add_argument("--edited-mask", required=True, **FILES, help="several of one photo, or one for each photo")

    summary = "Generate each photo's face in the style of another photo."
    sub = command("style", summary, "networks", "face parser", "reference face", "paste back")
    sub.add_argument("--reference-image", required=True, **FILE, help="the photo with the style")
    sub.add_argument("--reference-mask", **FILE, help="its mask; parsed if not given")
    strength = "how far to go from the photo's own style, 0, to the other's, 1 (%(default)s)"
    sub.add_argument("--strength", type=fraction, default=1.0, metavar="S", help=strength)

    summary = "Generate each photo's face with parts, such as the smile, of another mask."
    groups = ("networks", "face parser", "reference face", "reference mask", "keep outside", "paste back")
    sub = command("transfer", summary, *groups)
    parts = "; ".join(f"{name} is {', '.join(classes)}" for name, classes in PART_GROUPS.items())
    sub.add_argument("--parts", required=True, help=f"comma-separated classes or groups: {parts}")

    summary = "Generate each photo's face from masks between its own and another."
    groups = ("networks", "face parser", "reference face", "reference mask")
    sub = command("interpolate", summary, *groups, formats=(".gif", ".png"))
    sub.add_argument("--mask-vae", **FOLDER, help="a MaskVAE; that of the checkpoint if not given")
    number = "how many images, 2 or more (%(default)s)"
    sub.add_argument("--frames", type=at_least(2), default=8, metavar="N", help=number)

    command("parse", "Write the mask of each photo's face.", "face parser", formats=(".png",))

    sub = command("align", "Write the aligned face of each photo.")
    sub.add_argument("--size", type=at_least(1), default=512, metavar="PX", help="of the face (%(default)s)")
    return whole


def _shared_options() -> dict[str, argparse.ArgumentParser]:
    """Return parent parsers for the groups of options that several commands have."""
    names = ("photos", "face parser", "networks", "keep outside", "paste back", "reference face", "reference mask")
    groups = {name: argparse.ArgumentParser(add_help=False) for name in names}

    add = groups["photos"].add_argument
    add("--image", required=True, **FILES, help="photos, any image format")
    add("--face", **FACE, help="which face, counted from 0, largest first")
    add(
        "--nocompilation_cache",
        dest="compilation_cache",
        action="store_false",
        help="compile anew, and keep nothing that is compiled in the user's cache folder",
    )

    add = groups["face parser"].add_argument
    add(
        "--face-parser",
        **FOLDER,
        help=f"parses photos without a mask ({FACE_PARSER}, or that of --checkpoint=pretrained)",
    )
    add("--no-align", action="store_true", help="the photos are aligned faces already")

    add = groups["networks"].add_argument
    networks = (
        "an EBST run, an export or imported weights; `pretrained`: those that come with the project, for synthetic"
    )
    add("--checkpoint", **FOLDER, default=Path("runs/ebst"), help=f"{networks} faces (%(default)s)")
    add("--mask", **FILES, help="masks of the photos, one for each; parsed if not given")

    add = groups["keep outside"].add_argument
    add("--keep-outside", action="store_true", help="change the photo only where the mask changes, and around it")
    width = f"width around a change over which the edit fades into the photo, in px of the face ({FEATHER})"
    add("--feather", type=non_negative, metavar="PX", help=width)

    add = groups["paste back"].add_argument
    add("--paste-back", action="store_true", help="write the whole photo, not just the aligned face")

    add = groups["reference face"].add_argument
    add("--reference-face", **FACE, help="which face of the reference photo")

    one_of = groups["reference mask"].add_mutually_exclusive_group(required=True)
    one_of.add_argument("--reference-mask", **FILE, help="mask of the reference face")
    one_of.add_argument("--reference-image", **FILE, help="or its photo, which is parsed")
    return groups


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--") and sys.argv[1] != "--help":
        sys.argv.insert(1, "edit")
    run(main, parser())
