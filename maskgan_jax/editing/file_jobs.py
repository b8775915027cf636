"""Plan of a command over several files: which photo goes with which mask, and which file each result is written to."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data_pipeline.errors import UserError


class Job(NamedTuple):
    """One result: the files that it is made of and the file to write."""

    image: Path
    mask: Path | None
    edited_mask: Path | None
    out: Path


def plan(
    images: Sequence[Path],
    masks: Sequence[Path],
    edited_masks: Sequence[Path],
    out: Path,
    formats: Sequence[str],
    also_read: Sequence[Path] = (),
) -> list[Job]:
    """Pair photos with their masks and edited masks, and name the results.

    Args:
      images: photos.
      masks: a mask for each, or none.
      edited_masks: one for each photo, one for all, several for a single photo, or none.
      out: the file to write; or a folder, if there are several results or it is one already: results then have the
        names of the photos, or of the edited masks of a single photo.
      formats: suffixes that can be written; results in a folder have the first.
      also_read: other files that are read, and so may not be overwritten.

    Raises:
      UserError: the numbers of files do not match, or a result would overwrite another one or a file to read.
    """
    count = max(len(images), len(edited_masks))
    for option, files in (("--image", images), ("--edited-mask", edited_masks)):
        if files and len(files) not in (1, count):
            raise UserError(f"{option}: {len(files)} files, but {count} of another option; give one, or as many")
    if masks and len(masks) != len(images):
        raise UserError(f"--mask: {len(masks)} for {len(images)} photos; every photo has its own mask")
    sources = [path.stem for path in (images if len(images) == count else edited_masks)]
    outs = name_results(sources, out, formats, [*images, *masks, *edited_masks, *also_read])
    columns = (_repeated(files, count) for files in (images, masks, edited_masks))
    return [Job(*files) for files in zip(*columns, outs, strict=True)]


def name_results(stems: Sequence[str], out: Path, formats: Sequence[str], read: Sequence[Path]) -> list[Path]:
    """Return a file to write for each result.

    Args:
      stems: name of each result in a folder, without its suffix.
      out: the file to write; or a folder, if there are several results or it is one already.
      formats: suffixes that can be written; results in a folder have the first.
      read: files that are read, and so may not be overwritten.

    Raises:
      UserError: a result would overwrite another one or a file to read, or can't be written.
    """
    outs = _paths(stems, out, formats)
    for file in outs:
        if outs.count(file) > 1:
            raise UserError(f"--out: two results would be named {file}; give the files different names")
    resolved = {file.resolve() for file in read}
    for file in outs:
        if file.resolve() in resolved:
            raise UserError(f"--out: {file} is one of the files to read; name another file or folder")
    return outs


def _paths(stems: Sequence[str], out: Path, formats: Sequence[str]) -> list[Path]:
    is_file = out.suffix.lower() in formats
    try:
        is_folder = out.is_dir()
    except OSError as error:
        raise UserError(f"--out: {out} can't be written ({error.strerror}); name another") from None
    if is_folder or (len(stems) > 1 and not is_file):
        return [out / f"{stem}{formats[0]}" for stem in stems]
    if len(stems) > 1:
        raise UserError(f"--out: {out} is one file, but there are {len(stems)} results; name a folder")
    if not is_file:
        raise UserError(f"--out: {out} has no suffix of a format to write; end it in {' or '.join(formats)}")
    return [out]


def _repeated(files: Sequence[Path], count: int) -> list[Path | None]:
    if not files:
        return [None] * count
    return list(files) * (count // len(files))
