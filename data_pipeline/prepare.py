"""Prepares a raw data directory for training: `python -m data_pipeline.prepare --directory=... --size=512`."""

import argparse
import contextlib
import io
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_pipeline import raw_layout
from data_pipeline.celebamask_hq import SIZES, CelebAMaskHQ
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tfds


def prepare(directory: str | Path, size: int, prepared: str | Path | None = None) -> tfds.core.DatasetBuilder:
    """Prepares a raw data directory at one size, unless that is done, and returns the builder over its records.

    Args:
      directory: raw data in the layout of CelebAMask-HQ.
      size: side of the prepared pictures in px, one of `SIZES`.
      prepared: where the records lie; by default the folder `prepared` in `directory`.

    Raises:
      UserError: the size is unknown, the raw data can't be used, the records were made from other raw data, or they
        can't be written. Nothing half-written stays.
    """
    if size not in SIZES:
        raise UserError(f"size {size}: can't be prepared; choose one of {', '.join(map(str, SIZES))}")
    directory = Path(directory).expanduser()
    prepared = Path(prepared).expanduser() if prepared else directory / "prepared"
    fingerprint = raw_layout.fingerprint(directory)
    if not _builder(prepared, size).data_path.exists():
        try:
            _write_records(directory, size, prepared)
        except OSError as error:
            raise UserError(f"{prepared}: can't write here ({error}); name another folder for the records") from error
    builder = _builder(prepared, size)
    if builder.info.metadata.get("fingerprint") != fingerprint:
        raise UserError(f"{builder.data_dir}: made from other raw data than {directory} now holds; delete this folder")
    return builder


def _builder(prepared: str | Path, size: int) -> CelebAMaskHQ:
    return CelebAMaskHQ(data_dir=prepared, config=str(size))


def _write_records(directory: Path, size: int, prepared: Path) -> None:
    prepared.mkdir(parents=True, exist_ok=True)
    # TFDS tidies up its records after a failure, but not the folders around them.
    with tempfile.TemporaryDirectory(prefix="incomplete-", dir=prepared) as incomplete:
        builder = _builder(incomplete, size)
        # TFDS announces a download on stdout, and there is none.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(
                download_config=tfds.download.DownloadConfig(manual_dir=directory), file_format="array_record"
            )
        finished = _builder(prepared, size).data_path
        finished.parent.mkdir(parents=True, exist_ok=True)
        builder.data_path.rename(finished)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with status 1 and one line on stderr where the data can't be used."""
    parser = argparse.ArgumentParser(prog="python -m data_pipeline.prepare", description=__doc__)
    parser.add_argument("--directory", required=True, help="raw data in the layout of CelebAMask-HQ")
    parser.add_argument("--size", type=int, required=True, help=f"side in px, one of {', '.join(map(str, SIZES))}")
    parser.add_argument("--prepared", help="folder for the records; default: 'prepared' in the raw data's directory")
    options = parser.parse_args(arguments)
    # A job that is told to stop also leaves through the clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: stopped; nothing half-written stays"))
    try:
        builder = prepare(options.directory, options.size, options.prepared)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; nothing half-written stays")
    counts = ", ".join(f"{split.num_examples} {name}" for name, split in builder.info.splits.items())
    print(f"{builder.data_dir}: {counts}")


if __name__ == "__main__":
    main()
