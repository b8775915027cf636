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
    outs = _name_results(images if len(images) == count else edited_masks, out, formats)
    for file in outs:
        if outs.count(file) > 1:
            raise UserError(f"--out: two results would be named {file}; give the files different names")
    read = {file.resolve() for file in (*images, *masks, *edited_masks, *also_read)}
    for file in outs:
        if file.resolve() in read:
            raise UserError(f"--out: {file} is one of the files to read; name another file or folder")
    columns = (_repeated(files, count) for files in (images, masks, edited_masks))
    return [Job(*files) for files in zip(*columns, outs, strict=True)]


def _name_results(sources: Sequence[Path], out: Path, formats: Sequence[str]) -> list[Path]:
    """Return a file to write for each source."""
    is_file = out.suffix.lower() in formats
    try:
        is_folder = out.is_dir()
    except OSError as error:
        raise UserError(f"--out: {out} can't be written ({error.strerror}); name another") from None
    if is_folder or (len(sources) > 1 and not is_file):
        return [out / f"{path.stem}{formats[0]}" for path in sources]
    if len(sources) > 1:
        raise UserError(f"--out: {out} is one file, but there are {len(sources)} results; name a folder")
    if not is_file:
        raise UserError(f"--out: {out} has no suffix of a format to write; end it in {' or '.join(formats)}")
    return [out]


def _repeated(files: Sequence[Path], count: int) -> list[Path | None]:
    if not files:
        return [None] * count
    return list(files) * (count // len(files))
