"""Edits photos of faces with trained networks.

  python -m maskgan_jax.edit parse --image=me.jpg --out=mask.png
  python -m maskgan_jax.edit edit --image=me.jpg --edited-mask=painted.png --out=edited.png --keep-outside
  python -m maskgan_jax.edit style --image=me.jpg --reference-image=you.jpg --out=me_as_you.png
  python -m maskgan_jax.edit transfer --image=me.jpg --reference-image=you.jpg --parts=smile --out=smiling.png
  python -m maskgan_jax.edit interpolate --image=me.jpg --reference-image=you.jpg --out=on_the_way.gif
  python -m maskgan_jax.edit align --image=group.jpg --face=1 --out=face.png

Without a word, options alone mean `edit`. COMMAND --help tells the options of each.

A photo comes with its mask (--mask), square and of the same size; or without: then the face is found, aligned as
CelebA-HQ's are, and parsed. A mask is a PNG whose values are the labels 0 to 18, or one painted in their colours
(data_pipeline/labels.py). Several photos or masks at once go to a folder, --out.
"""

import argparse
import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from maskgan_jax import pictures, subjects
from maskgan_jax.command import ArgumentParser, run
from maskgan_jax.editing import Editor, Portrait
from maskgan_jax.errors import UserError
from maskgan_jax.mask_editing import PART_GROUPS, transfer_parts

FRAME_MILLISECONDS = 120


def main(options: argparse.Namespace) -> None:
    """Does every job of the command, under a progress bar if they are several."""
    todo = list(jobs(options))
    work = options.work(options)
    for image, mask, edited_mask, out in tqdm(todo, unit="photo", disable=len(todo) < 2):
        result = work(image, mask, edited_mask)
        if isinstance(result, list) and out.suffix.lower() == ".gif":
            frames = {"save_all": True, "append_images": result[1:], "duration": FRAME_MILLISECONDS, "loop": 0}
            pictures.save(result[0], out, **frames)
        else:
            pictures.save(strip(result) if isinstance(result, list) else result, out)


def jobs(options: argparse.Namespace) -> Iterator[tuple[Path, Path | None, Path | None, Path]]:
    """Photo, its mask, its edited mask and the file to write, for every job; a single one of a kind serves all."""
    lists = [options.image, getattr(options, "mask", None), getattr(options, "edited_mask", None)]
    count = max(len(files) for files in lists if files)
    for option, files in zip(("--image", "--mask", "--edited-mask"), lists, strict=True):
        if files and len(files) not in (1, count):
            raise UserError(f"{option}: {len(files)} files, but {count} of another option; give one, or as many")
    if lists[1] and len(lists[1]) < len(lists[0]):
        raise UserError(f"--mask: 1 file for {len(lists[0])} photos; every photo has its own mask")
    images, masks, edited_masks = (
        [None] * count if not files else files if len(files) == count else list(repeat(files[0], count))
        for files in lists
    )
    if count == 1:
        outs = [_picture_file(options.out, options.formats)]
    else:
        if options.out.suffix:
            raise UserError(f"--out: {options.out} is one file, but there are {count} results; name a folder")
        varying = images if len(lists[0]) == count else edited_masks
        outs = [options.out / f"{path.stem}{options.formats[0]}" for path in varying]
        twice = next((out for out in outs if outs.count(out) > 1), None)
        if twice:
            raise UserError(f"--out: two results would be called {twice}; give the files different names")
    return zip(images, masks, edited_masks, outs, strict=True)


def _picture_file(path: Path, formats: tuple[str, ...]) -> Path:
    if path.suffix.lower() not in formats:
        raise UserError(f"--out: {path} names no format to write; end it in {' or '.join(formats)}")
    if path.is_dir():
        raise UserError(f"--out: {path} is a folder; name a file")
    return path


def strip(images: list[Image.Image]) -> Image.Image:
    """Pictures of one size side by side."""
    sheet = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    for place, image in enumerate(images):
        sheet.paste(image, (place * image.width, 0))
    return sheet


def reader(options: argparse.Namespace, editor: Editor):
    """A function from a photo's and its mask's file to subject and portrait; the last one is kept, not made again."""

    @lru_cache(maxsize=1)
    def read(image: Path, mask: Path | None) -> tuple[subjects.Subject, Portrait]:
        subject = subjects.read(image, mask, editor.size, not options.no_align, options.face)
        return subject, editor.portrait(subject.face, subject.mask)

    return read


def reference_mask(options: argparse.Namespace, editor: Editor) -> np.ndarray:
    """The reference's mask, given or parsed."""
    if options.reference_mask:
        return subjects.read_square_mask(options.reference_mask)
    if not options.reference_image:
        raise UserError("--reference-mask: needed, or --reference-image to parse one from")
    return editor.parse(_reference(options, editor.size).face)


def _reference(options: argparse.Namespace, size: int) -> subjects.Subject:
    given = options.reference_image, options.reference_mask
    return subjects.read(*given, size, not options.no_align, options.reference_face)


def redraw(options: argparse.Namespace, editor: Editor, subject, portrait: Portrait, edited_mask) -> Image.Image:
    """The edit, and the photo around it as far as the options want it kept."""
    feather = options.feather if options.keep_outside else None
    if not options.paste_back:
        return Image.fromarray(editor.edit(portrait, edited_mask, feather))
    drawn = editor.edit(portrait, edited_mask)
    weight = None
    if options.keep_outside:
        weight = editor.edit_weight(portrait.mask, edited_mask, editor.size, feather)
    return Image.fromarray(subject.put_back(drawn, weight))


def edit(options: argparse.Namespace):
    """Each photo redrawn after its edited mask."""
    editor = _editor(options)
    read = reader(options, editor)

    def work(image: Path, mask: Path | None, edited_mask: Path) -> Image.Image:
        edited = subjects.read_square_mask(edited_mask)
        subject, portrait = read(image, mask)
        if subject.mask is not None and edited.shape != subject.mask.shape:
            raise UserError(
                f"{edited_mask}: {edited.shape[1]}x{edited.shape[0]} pixels, but {image} has "
                f"{subject.face.shape[1]}x{subject.face.shape[0]}; scale the mask to the photo's size by nearest "
                "neighbour"
            )
        return redraw(options, editor, subject, portrait, edited)

    return work


def style(options: argparse.Namespace):
    """Each photo's geometry in the reference's style."""
    editor = _editor(options)
    read = reader(options, editor)
    reference = _reference(options, editor.size)
    reference = editor.portrait(reference.face, reference.mask)

    def work(image: Path, mask: Path | None, _) -> Image.Image:
        subject, portrait = read(image, mask)
        drawn = editor.copy_style(portrait, reference)
        return Image.fromarray(subject.put_back(drawn) if options.paste_back else drawn)

    return work


def transfer(options: argparse.Namespace):
    """Parts of the reference's mask laid into each photo's."""
    editor = _editor(options)
    read = reader(options, editor)
    reference = reference_mask(options, editor)
    parts = options.parts.split(",")

    def work(image: Path, mask: Path | None, _) -> Image.Image:
        subject, portrait = read(image, mask)
        return redraw(options, editor, subject, portrait, transfer_parts(portrait.mask, reference, parts))

    return work


def interpolate(options: argparse.Namespace):
    """The way from each photo's mask to the reference's."""
    editor = _editor(options)
    read = reader(options, editor)
    reference = reference_mask(options, editor)

    def work(image: Path, mask: Path | None, _) -> list[Image.Image]:
        _, portrait = read(image, mask)
        return [Image.fromarray(frame) for frame in editor.interpolate(portrait, reference, options.frames)]

    return work


def parse(options: argparse.Namespace):
    """The mask of each photo."""
    editor = Editor(face_parser=options.face_parser)

    def work(image: Path, *_) -> Image.Image:
        subject = subjects.read(image, None, editor.parser_size, not options.no_align, options.face)
        return pictures.of_labels(editor.parse(subject.face))

    return work


def align(options: argparse.Namespace):
    """The aligned face of each photo."""

    def work(image: Path, *_) -> Image.Image:
        return Image.fromarray(subjects.read(image, None, options.size, True, options.face).face)

    return work


def _editor(options: argparse.Namespace) -> Editor:
    return Editor(options.checkpoint, getattr(options, "mask_vae", None), options.face_parser)


def parser() -> ArgumentParser:
    """The command line."""
    whole = ArgumentParser(
        prog="python -m maskgan_jax.edit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(work, formats: tuple[str, ...] = (".png", ".jpg", ".jpeg")) -> ArgumentParser:
        help_text = work.__doc__
        sub = commands.add_parser(work.__name__, help=help_text, description=help_text)
        sub.set_defaults(work=work, formats=formats)
        sub.add_argument(
            "--image", type=Path, nargs="+", required=True, metavar="FILE", help="photos, any image format"
        )
        sub.add_argument(
            "--out", type=Path, required=True, metavar="FILE",
            help=f"file to write, {' or '.join(formats)}, or a folder for several; what is there is replaced",
        )  # fmt: skip
        sub.add_argument("--face", type=int, metavar="K", help="which face, counted from 0, largest first")
        return sub

    def with_parser(sub: ArgumentParser) -> None:
        sub.add_argument(
            "--face-parser", type=Path, default=Path("runs/face_parser"), metavar="FOLDER",
            help="face parser for photos without a mask (%(default)s)",
        )  # fmt: skip
        sub.add_argument("--no-align", action="store_true", help="photos are aligned faces already")

    def drawing(work, formats: tuple[str, ...] = (".png", ".jpg", ".jpeg")) -> ArgumentParser:
        sub = command(work, formats)
        sub.add_argument(
            "--checkpoint", type=Path, default=Path("runs/ebst"), metavar="FOLDER",
            help="an EBST run, an export or imported weights (%(default)s)",
        )  # fmt: skip
        sub.add_argument("--mask", type=Path, nargs="+", metavar="FILE", help="their masks; parsed unless given")
        with_parser(sub)
        return sub

    def with_reference(sub: ArgumentParser, image_needed: bool) -> None:
        sub.add_argument("--reference-image", type=Path, required=image_needed, metavar="FILE", help="the other photo")
        sub.add_argument("--reference-mask", type=Path, metavar="FILE", help="its mask; parsed unless given")
        sub.add_argument("--reference-face", type=int, metavar="K", help="which face of the other photo")

    def keeping(sub: ArgumentParser) -> None:
        sub.add_argument(
            "--keep-outside", action="store_true", help="draw only where the mask changes, leave the rest of the photo"
        )
        sub.add_argument(
            "--feather", type=_pixels, default=8.0, metavar="PX",
            help="how far the drawing fades out around a change, in px of the face (%(default)s)",
        )  # fmt: skip

    def pasting(sub: ArgumentParser) -> None:
        sub.add_argument("--paste-back", action="store_true", help="write the whole photo, not just the aligned face")

    sub = drawing(edit)
    sub.add_argument(
        "--edited-mask", type=Path, nargs="+", required=True, metavar="FILE", help="masks as they should be"
    )
    keeping(sub)
    pasting(sub)

    sub = drawing(style)
    with_reference(sub, image_needed=True)
    pasting(sub)

    sub = drawing(transfer)
    with_reference(sub, image_needed=False)
    groups = "; ".join(f"{name} is {', '.join(parts)}" for name, parts in PART_GROUPS.items())
    sub.add_argument("--parts", required=True, help=f"comma-separated classes or groups: {groups}")
    keeping(sub)
    pasting(sub)

    sub = drawing(interpolate, (".gif", ".png"))
    with_reference(sub, image_needed=False)
    sub.add_argument("--mask-vae", type=Path, metavar="FOLDER", help="MaskVAE, unless the checkpoint holds one")
    sub.add_argument(
        "--frames", type=_frames, default=8, metavar="N", help="how many pictures, 2 or more (%(default)s)"
    )

    sub = command(parse, (".png",))
    with_parser(sub)

    sub = command(align)
    sub.add_argument("--size", type=_size, default=512, metavar="PX", help="of the face (%(default)s)")
    return whole


def _pixels(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of pixels, 0 or more")
    return value


def _frames(text: str) -> int:
    return _at_least(2, text)


def _size(text: str) -> int:
    return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text} is no number of {least} or more")
    return int(text)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--") and sys.argv[1] != "--help":
        sys.argv.insert(1, "edit")
    run(main, parser())
