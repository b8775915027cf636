"""Options that several commands of `maskgan_jax.edit` have, and the kinds of values that they take."""

import argparse
from collections import defaultdict
from functools import partial
from pathlib import Path

from maskgan_jax.cli import at_least, non_negative
from maskgan_jax.editing.parts import STYLE_PARTS, WHOLE_FACE

FEATHER = 8.0
FACE_PARSER = Path("runs/face_parser")
PORTRAIT_EDITING = Path("runs/portrait_editing")
EBGAN = Path("runs/ebgan")

FILE = {"type": Path, "metavar": "FILE"}
FILES = {**FILE, "nargs": "+", "action": "extend", "default": []}
FOLDER = {"type": Path, "metavar": "FOLDER"}
FACE = {"type": int, "metavar": "K"}


def part_and_file(text: str) -> tuple[str, Path]:
    """Return an option's value: the name of a part and a file."""
    name, _, file = text.partition("=")
    if name not in STYLE_PARTS or not file:
        parts = ", ".join(STYLE_PARTS)
        raise argparse.ArgumentTypeError(f"{text} is no PART=FILE such as hair=you.jpg; the parts are {parts}")
    return name, Path(file)


def attribute_and_value(text: str) -> tuple[str, bool]:
    """Return an option's value: the name of an attribute, and whether it is wanted."""
    name, _, value = text.partition("=")
    if not name or value not in ("0", "1"):
        raise argparse.ArgumentTypeError(f"{text} is no NAME=0 or NAME=1 such as Smiling=1")
    return name, value == "1"


def shared_options() -> dict[str, argparse.ArgumentParser]:
    """Return parent parsers for the groups of options that several commands have."""
    groups = defaultdict(partial(argparse.ArgumentParser, add_help=False))
    groups["alignment"].add_argument("--no-align", action="store_true", help="the photos are aligned faces already")
    groups["face parser"] = argparse.ArgumentParser(add_help=False, parents=[groups["alignment"]])

    add = groups["every command"].add_argument
    add(
        "--nocompilation_cache",
        dest="compilation_cache",
        action="store_false",
        help="compile anew, and keep nothing that is compiled in the user's cache folder",
    )

    add = groups["photos"].add_argument
    add("--image", required=True, **FILES, help="photos, any image format")
    add("--face", **FACE, help="which face, counted from 0, largest first")

    add = groups["face parser"].add_argument
    add(
        "--face-parser",
        **FOLDER,
        help=f"parses photos without a mask ({FACE_PARSER}, or that of --checkpoint=pretrained)",
    )

    pretrained = "`pretrained`: those that come with the project, for synthetic faces (%(default)s)"
    networks = f"a run of ebst, dense_mapping, spade or portrait_editing, an export or imported weights; {pretrained}"
    groups["networks"].add_argument("--checkpoint", **FOLDER, default=Path("runs/ebst"), help=networks)
    networks = "a run of portrait_editing, an export or imported weights (%(default)s)"
    groups["part networks"].add_argument("--checkpoint", **FOLDER, default=PORTRAIT_EDITING, help=networks)
    networks = "a run of ebgan or att_ebgan, or an export (%(default)s)"
    groups["exemplar networks"].add_argument("--checkpoint", **FOLDER, default=EBGAN, help=networks)
    groups["masks"].add_argument("--mask", **FILES, help="masks of the photos, one for each; parsed if not given")

    add = groups["keep outside"].add_argument
    add("--keep-outside", action="store_true", help="change the photo only where the mask changes, and around it")
    width = f"width around a change over which the edit fades into the photo, in px of the face ({FEATHER})"
    add("--feather", type=non_negative, metavar="PX", help=width)

    filler = "fill background that the mask frees by a run of ebgan or att_ebgan, or an export; else the generator does"
    groups["fill background"].add_argument("--fill-background", **FOLDER, help=filler)

    add = groups["paste back"].add_argument
    add("--paste-back", action="store_true", help="write the whole photo, not just the aligned face")

    for name in ("reference", "reference photo", "reference face"):
        groups[name].add_argument("--reference-face", **FACE, help="which face of the reference photo")
    for name in ("reference", "reference photo"):
        groups[name].add_argument("--reference-image", required=True, **FILE, help="the other photo")
    groups["reference"].add_argument("--reference-mask", **FILE, help="its mask; parsed if not given")

    one_of = groups["reference mask"].add_mutually_exclusive_group(required=True)
    one_of.add_argument("--reference-mask", **FILE, help="mask of the reference face")
    one_of.add_argument("--reference-image", **FILE, help="or its photo, which is parsed")

    add = groups["draw"].add_argument
    mixed = f"choose a photo for each of {', '.join(WHOLE_FACE)}, not one for the whole face"
    add("--mix-parts", action="store_true", help=mixed)
    add("--seed", type=at_least(0), default=0, metavar="N", help="of the choice (%(default)s)")
    return groups
