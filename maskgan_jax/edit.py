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
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_pipeline.errors import UserError
from maskgan_jax.cli import ArgumentParser, run
from maskgan_jax.editing import file_jobs, session
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.part_transfer import PART_GROUPS, transfer_parts
from maskgan_jax.photos import grid
from maskgan_jax.photos.alignment import crop
from maskgan_jax.photos.files import read_photo

NOT_GIVEN = {
    "mask": [], "edited_mask": [], "reference_image": None, "reference_mask": None, "feather": None, "no_align": False,
}  # fmt: skip
"""Options that not every command has."""

FRAME_MILLISECONDS = 120
FEATHER = 8.0
"""Unless given: how far, in px of the face, what is drawn fades out."""


def main(options: argparse.Namespace) -> None:
    """Does every job of the command, under a progress bar if they are several.

    Raises:
      UserError: a job could not be done; of several, the others were.
    """
    todo = file_jobs.plan(
        options.image, options.mask, options.edited_mask, options.out, options.formats,
        [file for file in (options.reference_image, options.reference_mask) if file],
    )  # fmt: skip
    if options.face is not None and (options.mask or options.no_align):
        raise UserError("--face: only for photos in which the face is looked for, without --mask and --no-align")
    if options.feather is not None and not options.keep_outside:
        raise UserError("--feather: only with --keep-outside, which it is a part of")
    work = options.work(options)
    failed = 0
    for job in tqdm(todo, unit="photo", disable=len(todo) < 2):
        try:
            write(work(job), job.out)
        except UserError as error:
            if len(todo) == 1:
                raise
            failed += 1
            tqdm.write(f"error: {error}", file=sys.stderr)
    if failed:
        raise UserError(f"{failed} of {len(todo)} not done, for the reasons above")


def write(result: Image.Image | list[Image.Image], out: Path) -> None:
    """Writes a picture; several become a GIF, or else a strip."""
    if isinstance(result, Image.Image):
        grid.save(result, out)
    elif out.suffix.lower() == ".gif":
        frames = {"save_all": True, "append_images": result[1:], "duration": FRAME_MILLISECONDS, "loop": 0}
        grid.save(result[0], out, **frames)
    else:
        grid.save(strip(result), out)


def strip(images: list[Image.Image]) -> Image.Image:
    """Pictures of one size side by side."""
    sheet = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    for place, image in enumerate(images):
        sheet.paste(image, (place * image.width, 0))
    return sheet


def reader(options: argparse.Namespace, editor: Editor):
    """A function from a job to its subject and portrait; the last photo's are kept, not made again."""

    @lru_cache(maxsize=1)
    def read(image: Path, mask: Path | None) -> tuple[session.Subject, Portrait]:
        subject = session.read(image, mask, not options.no_align, options.face)
        return subject, editor.portrait(subject.face, subject.mask)

    return lambda job: read(job.image, job.mask)


def read_reference(options: argparse.Namespace) -> session.Subject:
    """The other photo, with its mask if there is one."""
    given = options.reference_image, options.reference_mask
    return session.read(*given, not options.no_align, options.reference_face)


def reference_mask(options: argparse.Namespace, editor: Editor) -> np.ndarray:
    """The reference's mask, given or parsed."""
    if options.reference_mask:
        return session.read_square_mask(options.reference_mask)
    return editor.parse(read_reference(options).face)


def redraw(
    options: argparse.Namespace, editor: Editor, subject: session.Subject, portrait: Portrait, edited_mask: np.ndarray
) -> Image.Image:
    """The edit, and the photo around it as far as the options want it kept."""
    feather = FEATHER if options.feather is None else options.feather
    if not options.paste_back:
        return Image.fromarray(editor.edit(portrait, edited_mask, feather if options.keep_outside else None))
    drawn = Image.fromarray(editor.edit(portrait, edited_mask))
    if not options.keep_outside:
        return Image.fromarray(subject.put_back(np.asarray(drawn)))
    # At the face's own size, in whose pixels the feather is measured.
    drawn = drawn.resize(subject.face.shape[:2], Image.Resampling.LANCZOS)
    weight = editor.edit_weight(portrait, edited_mask, feather)
    return Image.fromarray(subject.put_back(np.asarray(drawn), weight))


def edit(options: argparse.Namespace):
    """Each photo redrawn after its edited mask."""
    editor = make_editor(options)
    read = reader(options, editor)

    def work(job: file_jobs.Job) -> Image.Image:
        edited = session.read_square_mask(job.edited_mask)
        subject, portrait = read(job)
        if subject.mask is not None and edited.shape != subject.mask.shape:
            raise UserError(
                f"{job.edited_mask}: {edited.shape[1]}x{edited.shape[0]} pixels, but {job.image} has "
                f"{subject.face.shape[1]}x{subject.face.shape[0]}; scale the mask to the photo's size by nearest "
                "neighbour"
            )
        return redraw(options, editor, subject, portrait, edited)

    return work


def style(options: argparse.Namespace):
    """Each photo's geometry in the reference's style."""
    editor = make_editor(options)
    read = reader(options, editor)
    reference = read_reference(options)
    reference = editor.portrait(reference.face, reference.mask)

    def work(job: file_jobs.Job) -> Image.Image:
        subject, portrait = read(job)
        drawn = editor.copy_style(portrait, reference)
        return Image.fromarray(subject.put_back(drawn) if options.paste_back else drawn)

    return work


def transfer(options: argparse.Namespace):
    """Parts of the reference's mask laid into each photo's."""
    editor = make_editor(options)
    read = reader(options, editor)
    reference = reference_mask(options, editor)
    parts = [part.strip() for part in options.parts.split(",")]

    def work(job: file_jobs.Job) -> Image.Image:
        subject, portrait = read(job)
        return redraw(options, editor, subject, portrait, transfer_parts(portrait.mask, reference, parts))

    return work


def interpolate(options: argparse.Namespace):
    """The way from each photo's mask to the reference's."""
    editor = make_editor(options)
    read = reader(options, editor)
    reference = reference_mask(options, editor)

    def work(job: file_jobs.Job) -> list[Image.Image]:
        _, portrait = read(job)
        return [Image.fromarray(frame) for frame in editor.interpolate(portrait, reference, options.frames)]

    return work


def parse(options: argparse.Namespace):
    """The mask of each photo."""
    editor = Editor(face_parser=options.face_parser)

    def work(job: file_jobs.Job) -> Image.Image:
        subject = session.read(job.image, None, not options.no_align, options.face)
        return grid.of_labels(editor.parse(subject.face))

    return work


def align(options: argparse.Namespace):
    """The aligned face of each photo."""

    def work(job: file_jobs.Job) -> Image.Image:
        photo = read_photo(job.image)
        return Image.fromarray(crop(photo, session.locate(photo, job.image, options.face), options.size))

    return work


def make_editor(options: argparse.Namespace) -> Editor:
    """The networks that the options name."""
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
        sub.set_defaults(work=work, formats=formats, **NOT_GIVEN)
        files(sub, "--image", "photos, any image format", required=True)
        sub.add_argument(
            "--out", type=Path, required=True, metavar="FILE",
            help=f"file to write, {' or '.join(formats)}, or a folder for several; what is there is replaced",
        )  # fmt: skip
        sub.add_argument("--face", type=int, metavar="K", help="which face, counted from 0, largest first")
        return sub

    def files(sub: ArgumentParser, option: str, help_text: str, required: bool = False) -> None:
        sub.add_argument(
            option, type=Path, nargs="+", action="extend", default=[], required=required, metavar="FILE", help=help_text
        )

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
        files(sub, "--mask", "their masks, one for each; parsed unless given")
        with_parser(sub)
        return sub

    def with_reference_mask(sub: ArgumentParser) -> None:
        given = sub.add_mutually_exclusive_group(required=True)
        given.add_argument("--reference-mask", type=Path, metavar="FILE", help="the other face's mask")
        given.add_argument("--reference-image", type=Path, metavar="FILE", help="or its photo, to parse one from")
        sub.add_argument("--reference-face", type=int, metavar="K", help="which face of the other photo")

    def keeping(sub: ArgumentParser) -> None:
        sub.add_argument(
            "--keep-outside", action="store_true", help="draw only where the mask changes, leave the rest of the photo"
        )
        sub.add_argument(
            "--feather", type=_pixels, metavar="PX",
            help=f"how far the drawing fades out around a change, in px of the face ({FEATHER})",
        )  # fmt: skip

    def pasting(sub: ArgumentParser) -> None:
        sub.add_argument("--paste-back", action="store_true", help="write the whole photo, not just the aligned face")

    sub = drawing(edit)
    files(sub, "--edited-mask", "masks as they should be; several of one photo, or one for each", required=True)
    keeping(sub)
    pasting(sub)

    sub = drawing(style)
    sub.add_argument("--reference-image", type=Path, required=True, metavar="FILE", help="the photo with the style")
    sub.add_argument("--reference-mask", type=Path, metavar="FILE", help="its mask; parsed unless given")
    sub.add_argument("--reference-face", type=int, metavar="K", help="which face of that photo")
    pasting(sub)

    sub = drawing(transfer)
    with_reference_mask(sub)
    groups = "; ".join(f"{name} is {', '.join(parts)}" for name, parts in PART_GROUPS.items())
    sub.add_argument("--parts", required=True, help=f"comma-separated classes or groups: {groups}")
    keeping(sub)
    pasting(sub)

    sub = drawing(interpolate, (".gif", ".png"))
    with_reference_mask(sub)
    sub.add_argument("--mask-vae", type=Path, metavar="FOLDER", help="MaskVAE, unless the checkpoint holds one")
    sub.add_argument(
        "--frames",
        type=partial(_at_least, 2),
        default=8,
        metavar="N",
        help="how many pictures, 2 or more (%(default)s)",
    )

    sub = command(parse, (".png",))
    with_parser(sub)

    sub = command(align)
    sub.add_argument("--size", type=partial(_at_least, 1), default=512, metavar="PX", help="of the face (%(default)s)")
    return whole


def _pixels(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of pixels, 0 or more")
    return value


def _at_least(least: int, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text} is no number of {least} or more")
    return int(text)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--") and sys.argv[1] != "--help":
        sys.argv.insert(1, "edit")
    run(main, parser())
