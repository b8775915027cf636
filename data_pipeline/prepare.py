"""Prepare a raw data directory for training: `python -m data_pipeline.prepare --directory=... --size=512`."""

import argparse
import contextlib
import io
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_pipeline import raw_layout
from data_pipeline.atomic_files import new_folder
from data_pipeline.batch_entries import SIZES
from data_pipeline.errors import UserError

if TYPE_CHECKING:
    from data_pipeline.celebamask_hq import CelebAMaskHQ


def prepare(
    directory: str | Path, size: int, prepared: str | Path | None = None, annotated: Sequence[str] = ()
) -> "CelebAMaskHQ":
    """Prepare a raw data directory at one size, unless that is done, and return the builder over its records.

    Args:
      directory: raw data in the layout of CelebAMask-HQ.
      size: height and width of the prepared images in px, one of `batch_entries.SIZES`.
      prepared: folder of the records; by default `prepared` in `directory`.
      annotated: batch entries that can't be made without their file in the directory, see `raw_layout.ANNOTATIONS`.

    Raises:
      UserError: the size is unknown, the raw data can't be used or lack a file of annotations, the records were made
        from other raw data, or they can't be written. No incomplete records stay.
    """
    if size not in SIZES:
        raise UserError(f"size {size}: can't be prepared; choose one of {', '.join(map(str, SIZES))}")
    directory = Path(directory).expanduser()
    prepared = Path(prepared).expanduser() if prepared else directory / "prepared"
    fingerprint = raw_layout.fingerprint(directory)
    raw_layout.require_annotations(directory, annotated)
    records = Path(_builder(prepared, size).data_dir)
    if not records.exists():
        try:
            _write_records(directory, size, records)
        except OSError as error:
            if not records.exists():  # else another process was faster
                raise UserError(
                    f"{prepared}: can't write here ({error}); name another folder for the records"
                ) from error
    builder = _builder(prepared, size)
    if builder.info.metadata.get("fingerprint") != fingerprint:
        raise UserError(f"{records}: made from other raw data than {directory} holds; delete this folder")
    return builder


def _builder(prepared: Path, size: int) -> "CelebAMaskHQ":
    # Imports TensorFlow, which takes seconds: not for --help or an error in the arguments.
    from data_pipeline.celebamask_hq import CelebAMaskHQ

    return CelebAMaskHQ(data_dir=prepared, config=str(size))


def _write_records(directory: Path, size: int, records: Path) -> None:
    from data_pipeline.host_tensorflow import tfds

    with new_folder(records) as temporary:
        # TFDS adds folders for its name, the size, the version and downloads.
        working_folder = temporary / "tfds"
        builder = _builder(working_folder, size)
        # TFDS announces a download on stdout, and there is none.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(
                download_config=tfds.download.DownloadConfig(manual_dir=directory), file_format="array_record"
            )
        for file in Path(builder.data_dir).iterdir():
            file.rename(temporary / file.name)
        shutil.rmtree(working_folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit with status 1 and one line on stderr if the data can't be used."""
    parser = argparse.ArgumentParser(prog="python -m data_pipeline.prepare", description=__doc__)
    parser.add_argument("--directory", required=True, help="raw data in the layout of CelebAMask-HQ")
    parser.add_argument(
        "--size", type=int, required=True, help=f"height and width in px, one of {', '.join(map(str, SIZES))}"
    )
    parser.add_argument("--prepared", help="folder for the records; default: 'prepared' in the raw data directory")
    options = parser.parse_args(arguments)
    # SIGTERM also runs the clean-up of incomplete records.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: terminated; no records written"))
    try:
        builder = prepare(options.directory, options.size, options.prepared)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; no records written")
    counts = ", ".join(f"{split.num_examples} {name}" for name, split in builder.info.splits.items())
    print(f"{builder.data_dir}: {counts}")


if __name__ == "__main__":
    main()
