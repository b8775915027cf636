"""What each command of `maskgan_jax.edit` does with its files.

Each function takes the command's options and returns the work on one job: from the files that it names to the result, a
photo (h w 3), a mask (h w) or frames (f h w 3).
"""

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from data_pipeline.errors import UserError
from maskgan_jax.editing.attributes import AttributeEditor
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.exchanges import AttributeExchanger
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.file_jobs import Job
from maskgan_jax.editing.parts import WHOLE_FACE
from maskgan_jax.editing.regions import check_parts
from maskgan_jax.editing.session import Subject, check_mask, open_photo
from maskgan_jax.editing.styles import parts_of
from maskgan_jax.photos.alignment import crop
from maskgan_jax.photos.files import read_label_map, read_photo, read_region, write_frames, write_label_map, write_photo

Work = Callable[[Job], np.ndarray]
Value = TypeVar("Value")


def edit(options: Namespace) -> Work:
    """Generate each photo's face from its edited mask."""
    editor, portrait = _open_editor(options)
    return lambda job: editor.edit(
        portrait(job), read_square_mask(job.edited_mask), options.feather, options.paste_back
    )


def style(options: Namespace) -> Work:
    """Generate each photo's face in the style of the reference."""
    editor, portrait = _open_editor(options)
    reference = editor.encode(_reference(options))
    return lambda job: editor.copy_style(portrait(job), reference, options.paste_back, options.strength)


def parts(options: Namespace) -> Work:
    """Generate each photo's face with the style of some parts from other photos."""
    photos = _by_name(options.part, "--part")
    parts_of(list(photos))
    masks = _masks_by_photo(photos, _by_name(options.part_mask, "--part-mask"))
    editor, portrait = _open_editor(options)
    editor.require_parts(photos)
    opened = {
        file: editor.encode(read_subject(file, masks.get(file), not options.no_align, options.reference_face))
        for file in dict.fromkeys(photos.values())
    }
    references = {name: opened[file] for name, file in photos.items()}
    return lambda job: editor.copy_parts(portrait(job), references, options.paste_back, options.strength)


def swap(options: Namespace) -> Work:
    """Generate the reference's face in the layout of each photo's."""
    editor, portrait = _open_editor(options)
    editor.require_parts(WHOLE_FACE)
    reference = editor.encode(_reference(options))
    return lambda job: editor.swap(portrait(job), reference, options.paste_back, options.keep_hair)


def exemplar(options: Namespace) -> Work:
    """Fill a region of each photo as the reference shows it."""
    parts = None if options.region else [part.strip() for part in options.parts.split(",")]
    painted = options.region and read_region(options.region)
    if parts is not None:
        check_parts(parts)
    editor, parser = ExemplarEditor(options.checkpoint), Editor(face_parser=options.face_parser)
    editor.check_attributes((*options.only, *options.without))

    def opened(subject: Subject) -> Opened:
        needs_mask = subject.mask is None and (parts is not None or editor.attributes)
        return Opened(subject, parser.parse(subject.face) if needs_mask else subject.mask)

    reference = opened(_reference(options))

    def work(job: Job) -> np.ndarray:
        face = opened(read_subject(job.image, job.mask, not options.no_align, options.face))
        region = painted if parts is None else editor.region_of(face, reference, parts)
        return editor.edit(
            face, reference, region, options.strength, options.only, options.without, options.keep_colours,
            options.feather, options.paste_back,
        )  # fmt: skip

    return work


def attribute(options: Namespace) -> Work:
    """Set attributes of each photo's face."""
    editor = AttributeEditor(options.checkpoint, _by_name(options.set, "--set"))
    return lambda job: editor.edit(
        read_subject(job.image, None, not options.no_align, options.face), options.paste_back
    )


def exchange(options: Namespace) -> Work:
    """Give each photo's face attributes of the reference."""
    exchanger = AttributeExchanger(options.checkpoint)
    exchanger.check_attributes(options.attribute)
    reference = _reference(options)

    def work(job: Job) -> np.ndarray:
        face = read_subject(job.image, None, not options.no_align, options.face)
        return exchanger.edit(face, reference, options.attribute, options.strength, options.paste_back)

    return work


def transfer(options: Namespace) -> Work:
    """Generate each photo's face with parts of the reference's mask."""
    editor, portrait = _open_editor(options)
    reference_mask = _reference_mask(options, editor)
    parts = [part.strip() for part in options.parts.split(",")]
    return lambda job: editor.transfer(portrait(job), reference_mask, parts, options.feather, options.paste_back)


def interpolate(options: Namespace) -> Work:
    """Generate each photo's face from masks between its own and the reference's."""
    editor, portrait = _open_editor(options)
    reference_mask = _reference_mask(options, editor)
    return lambda job: editor.interpolate(portrait(job), reference_mask, options.frames)


def parse(options: Namespace) -> Work:
    """Compute the mask of each photo's face."""
    editor = Editor(face_parser=options.face_parser)
    return lambda job: editor.parse(read_subject(job.image, None, not options.no_align, options.face).face)


def align(options: Namespace) -> Work:
    """Cut the aligned face out of each photo."""

    def work(job: Job) -> np.ndarray:
        subject = read_subject(job.image, None, True, options.face)
        return crop(subject.photo, subject.alignment, options.size)

    return work


def write(result: np.ndarray, path: Path) -> None:
    """Write a command's result: a mask (h w), a photo (h w 3) or frames (f h w 3)."""
    {2: write_label_map, 3: write_photo, 4: write_frames}[result.ndim](result, path)


def read_subject(image: Path, mask: Path | None, align: bool, face: int | None) -> Subject:
    """Read a photo and, if there is one, its mask, and open them.

    See `session.open_photo` for the arguments.

    Raises:
      UserError: a file can't be read, or as `open_photo`; the message begins with the files.
    """
    photo, labels = read_photo(image), mask and read_label_map(mask)
    try:
        return open_photo(photo, labels, align, face)
    except UserError as error:
        raise UserError(f"{image}{f' with {mask}' if mask else ''}: {error}") from None


def read_square_mask(path: Path) -> np.ndarray:
    """Read the mask of a face.

    Raises:
      UserError: it can't be read, or is not square.
    """
    mask = read_label_map(path)
    try:
        return check_mask(mask)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _open_editor(options: Namespace) -> tuple[Editor, Callable[[Job], Portrait]]:
    """Return the options' editor, and a function that opens a job's photo; several jobs of one photo open it once."""
    editor = Editor(options.checkpoint, options.mask_vae, options.face_parser, options.fill_background)

    @lru_cache(maxsize=1)
    def portrait(image: Path, mask: Path | None) -> Portrait:
        return editor.encode(read_subject(image, mask, not options.no_align, options.face))

    return editor, lambda job: portrait(job.image, job.mask)


def _by_name(pairs: Sequence[tuple[str, Value]], option: str) -> dict[str, Value]:
    """Return the value that an option gives each name.

    Raises:
      UserError: it gives a name two.
    """
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{option}: {name} is given twice; name each once")
    return dict(pairs)


def _masks_by_photo(photos: Mapping[str, Path], masks: Mapping[str, Path]) -> dict[Path, Path]:
    """Return the mask of each photo that has one: one mask does for all parts that are taken from a photo.

    Raises:
      UserError: a part has a mask and no photo, or a photo has two masks.
    """
    by_photo: dict[Path, Path] = {}
    for name, mask in masks.items():
        if name not in photos:
            raise UserError(f"--part-mask: {name} has a mask, but no photo; give it too: --part {name}=FILE")
        if by_photo.setdefault(photos[name], mask) != mask:
            raise UserError(f"--part-mask: {photos[name]} has two masks, {by_photo[photos[name]]} and {mask}; give one")
    return by_photo


def _reference(options: Namespace) -> Subject:
    given = options.reference_image, options.reference_mask
    return read_subject(*given, not options.no_align, options.reference_face)


def _reference_mask(options: Namespace, editor: Editor) -> np.ndarray:
    if options.reference_mask:
        return read_square_mask(options.reference_mask)
    return editor.parse(_reference(options).face)
