"""Edits photos of faces with trained networks.

  python -m maskgan_jax.edit parse --image=me.jpg --out=mask.png
  python -m maskgan_jax.edit edit --image=me.jpg --edited-mask=painted.png --out=edited.png --keep-outside
  python -m maskgan_jax.edit style --image=me.jpg --reference-image=you.jpg --out=me_as_you.png
  python -m maskgan_jax.edit transfer --image=me.jpg --reference-image=you.jpg --parts=smile --out=smiling.png
  python -m maskgan_jax.edit interpolate --image=me.jpg --reference-image=you.jpg --out=interpolated.gif
  python -m maskgan_jax.edit align --image=group.jpg --face=1 --out=face.png

With a run of portrait editing, which has a style for each part of a face:

  python -m maskgan_jax.edit parts --image=me.jpg --part hair=you.jpg mouth=other.jpg --strength=0.5 --out=me.png
  python -m maskgan_jax.edit swap --image=me.jpg --reference-image=you.jpg --keep-hair --out=you_as_me.png
  python -m maskgan_jax.edit generate --edited-mask=mask.png --reference-image *.jpg --mix-parts --out=faces
  python -m maskgan_jax.edit augment --data=data/CelebAMask-HQ --out=data/generated

With a run of EBGAN or Att-EBGAN, which fill a region of a photo as another photo shows it:

  python -m maskgan_jax.edit exemplar --image=me.jpg --reference-image=you.jpg --parts=mouth --out=me.png
  python -m maskgan_jax.edit exemplar --image=me.jpg --reference-image=you.jpg --region=painted.png --out=me.png

With a run of StarGAN, which sets attributes of a face, such as Smiling, by their names:

  python -m maskgan_jax.edit attribute --image=me.jpg --set Smiling=1 --out=smiling.png

With a run of ELEGANT, which exchanges attributes:

  python -m maskgan_jax.edit exchange --attribute=Smiling --image=me.jpg --reference-image=you.jpg --out=me.png

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
from maskgan_jax.edit_options import (
    FACE,
    FACE_PARSER,
    FEATHER,
    FILE,
    FILES,
    FOLDER,
    attribute_and_value,
    part_and_file,
    shared_options,
)
from maskgan_jax.editing.parts import PART_GROUPS, REGION_PARTS, STYLE_PARTS

PICTURES = (".png", ".jpg", ".jpeg")
MANY_FACES = ("generate", "augment")
"""Commands whose results are not one for each photo or mask."""


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

    from maskgan_jax.editing import file_commands, file_jobs, many_faces
    from maskgan_jax.inference.models import is_pretrained

    if options.face_parser is None:
        pretrained = options.checkpoint and is_pretrained(options.checkpoint)
        options.face_parser = options.checkpoint if pretrained else FACE_PARSER
    if options.command in MANY_FACES:
        return getattr(many_faces, options.command)(options)
    references = [file for file in (options.reference_image, options.reference_mask, options.region) if file]
    references += [file for _, file in (*options.part, *options.part_mask)]
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
    shared = shared_options()
    whole = ArgumentParser(
        prog="python -m maskgan_jax.edit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whole.set_defaults(
        face=None, mask=[], edited_mask=[], reference_image=None, reference_mask=None, region=None, checkpoint=None,
        mask_vae=None, face_parser=None, no_align=False, keep_outside=False, feather=None, paste_back=False, part=[],
        part_mask=[], fill_background=None,
    )  # fmt: skip
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")

    def command(name: str, summary: str, *groups: str, formats: tuple[str, ...] = PICTURES, out: str = ""):
        parents = [shared[group] for group in ("every command", *groups)]
        sub = commands.add_parser(name, help=summary, description=summary, parents=parents)
        sub.set_defaults(formats=formats)
        file_or_folder = f"file to write, {' or '.join(formats)}, or a folder for several; existing files are replaced"
        sub.add_argument("--out", required=True, **FILE, help=out or file_or_folder)
        return sub

    def strength(sub: argparse.ArgumentParser, of: str = "style") -> None:
        amount = f"how far to go from the photo's own {of}, 0, to the other's, 1 (%(default)s)"
        sub.add_argument("--strength", type=fraction, default=1.0, metavar="S", help=amount)

    summary = "Generate each photo's face from its edited mask."
    groups = ("photos", "networks", "masks", "face parser", "keep outside", "fill background", "paste back")
    sub = command("edit", summary, *groups)
    sub.add_argument("--edited-mask", required=True, **FILES, help="several of one photo, or one for each photo")

    summary = "Generate each photo's face in the style of another photo."
    sub = command("style", summary, "photos", "networks", "masks", "face parser", "reference", "paste back")
    strength(sub)

    summary = "Generate each photo's face with the style of single parts of other photos (portrait editing)."
    groups = ("photos", "part networks", "masks", "face parser", "reference face", "paste back")
    sub = command("parts", summary, *groups)
    pairs = {"type": part_and_file, "metavar": "PART=FILE", "nargs": "+", "action": "extend", "default": []}
    names = f"{', '.join(STYLE_PARTS)}; left and right of the image, brows and nose belong to the skin"
    sub.add_argument(
        "--part", required=True, **pairs, help=f"a part and the photo that its style is taken from: {names}"
    )
    sub.add_argument("--part-mask", **pairs, help="the mask of a part's photo; parsed if not given")
    strength(sub)

    summary = "Generate another photo's face in place of each photo's, in its layout (portrait editing)."
    sub = command("swap", summary, "photos", "part networks", "masks", "face parser", "reference", "paste back")
    sub.add_argument("--keep-hair", action="store_true", help="keep the photo's own hair")

    summary = "Fill a region of each photo as another photo shows it (EBGAN, Att-EBGAN)."
    groups = ("photos", "exemplar networks", "masks", "face parser", "reference", "paste back")
    sub = command("exemplar", summary, *groups)
    sub.set_defaults(keep_outside=True)
    regions = sub.add_mutually_exclusive_group(required=True)
    parts = f"comma-separated parts whose boxes are filled: {', '.join(REGION_PARTS)}"
    regions.add_argument("--parts", help=parts)
    regions.add_argument("--region", **FILE, help="or a square picture, white where the photo is filled")
    for option, gates in (("--only", "let through these alone"), ("--without", "hold these back")):
        summary = f"attributes of the other photo, such as Smiling: {gates} (Att-EBGAN)"
        sub.add_argument(option, nargs="+", default=[], metavar="NAME", help=summary)
    strength(sub, "code")
    colours = "take the other photo's colours as they are; if masks are known all are scaled so that the skins agree"
    sub.add_argument("--keep-colours", action="store_true", help=colours)
    width = f"width around the region over which it fades into the photo, in px of the face ({FEATHER})"
    sub.add_argument("--feather", type=non_negative, metavar="PX", help=width)

    summary = "Generate each photo's face with attributes such as Smiling, or without them (StarGAN)."
    sub = command("attribute", summary, "photos", "alignment", "paste back")
    sub.add_argument("--checkpoint", **FOLDER, default=Path("runs/stargan"), help="a run of stargan (%(default)s)")
    values = {"type": attribute_and_value, "metavar": "NAME=0|1", "nargs": "+", "action": "extend", "default": []}
    sub.add_argument("--set", required=True, **values, help="with it, 1, or without, 0; other attributes stay")

    summary = "Give each photo's face attributes that another photo shows (ELEGANT)."
    sub = command("exchange", summary, "photos", "alignment", "reference photo", "paste back")
    sub.add_argument("--checkpoint", **FOLDER, default=Path("runs/elegant"), help="a run of elegant (%(default)s)")
    names = "attributes that the run was trained for, such as Smiling"
    sub.add_argument("--attribute", required=True, nargs="+", action="extend", metavar="NAME", help=names)
    strength(sub, "attributes")

    summary = "Generate each photo's face with parts, such as the smile, of another mask."
    groups = ("reference face", "reference mask", "keep outside", "fill background", "paste back")
    sub = command("transfer", summary, "photos", "networks", "masks", "face parser", *groups)
    parts = "; ".join(f"{name} is {', '.join(classes)}" for name, classes in PART_GROUPS.items())
    sub.add_argument("--parts", required=True, help=f"comma-separated classes or groups: {parts}")

    summary = "Generate each photo's face from masks between its own and another."
    groups = ("photos", "networks", "masks", "face parser", "reference face", "reference mask")
    sub = command("interpolate", summary, *groups, formats=(".gif", ".png"))
    sub.add_argument("--mask-vae", **FOLDER, help="a MaskVAE; that of the checkpoint if not given")
    number = "how many images, 2 or more (%(default)s)"
    sub.add_argument("--frames", type=at_least(2), default=8, metavar="N", help=number)

    summary = "Generate many faces for a mask, in the styles of randomly chosen photos."
    sub = command("generate", summary, "part networks", "face parser", "reference face", "draw")
    sub.add_argument("--edited-mask", **FILE, help="the mask; that of --image if not given")
    sub.add_argument("--image", **FILE, help="photo whose background the faces get; that of a chosen one if not given")
    sub.add_argument("--mask", **FILE, help="mask of --image; parsed if not given")
    sub.add_argument("--face", **FACE, help="which face of --image, counted from 0, largest first")
    references = sub.add_mutually_exclusive_group(required=True)
    references.add_argument("--reference-image", **FILES, help="photos to choose from")
    references.add_argument(
        "--references",
        **FOLDER,
        help="or a data set in CelebAMask-HQ's layout; for a mask with hair its photos with hair",
    )
    sub.add_argument("--reference-mask", **FILES, help="masks of the photos to choose from; parsed if not given")
    sub.add_argument(
        "--count", type=at_least(1), metavar="N", help="how many faces, all different (8, or all there are)"
    )

    folder = "folder to create, in the same layout"
    summary = (
        "Generate a data set to train a face parser on: faces for the masks of a data set, in the styles of others."
    )
    sub = command("augment", summary, "part networks", "draw", out=folder)
    data = "data set in the layout of CelebAMask-HQ; its photos for validation and test are copied (%(default)s)"
    sub.add_argument("--data", **FOLDER, default=Path("data/CelebAMask-HQ"), help=data)
    sub.add_argument("--keep-originals", action="store_true", help="copy its photos for training too")
    sub.add_argument("--count", type=at_least(1), metavar="N", help="how many faces (one for each training mask)")
    same = "such as Male: a face's style is of a photo with the same value of this attribute as the mask's"
    sub.add_argument("--same-attribute", metavar="NAME", help=same)

    command("parse", "Write the mask of each photo's face.", "photos", "face parser", formats=(".png",))

    sub = command("align", "Write the aligned face of each photo.", "photos")
    sub.add_argument("--size", type=at_least(1), default=512, metavar="PX", help="of the face (%(default)s)")
    return whole


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--") and sys.argv[1] != "--help":
        sys.argv.insert(1, "edit")
    run(main, parser())
