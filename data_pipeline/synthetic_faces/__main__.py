"""Command line: write synthetic faces as if CelebAMask-HQ had been downloaded."""

import argparse
import signal
import sys

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces.write import write

_EPILOG = """\
The directory gets CelebA-HQ-img/<i>.jpg, CelebAMask-HQ-mask-anno/<i // 2000>/<i>_<part>.png and the mapping, attribute
and pose files, so that whatever reads CelebAMask-HQ reads it. Of every ten faces in a row the ninth is for validation
and the tenth for testing. The same seed always gives the same faces; a larger count only adds faces. The directory
appears when all is written, or not at all; one that already holds the same faces is left as it is.

example:
  python -m data_pipeline.synthetic_faces --out=data/synthetic_faces --count=2000 --size=128
"""


def main() -> int:
    """Parses, writes, and says what went wrong in one line.

    Returns:
      The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m data_pipeline.synthetic_faces",
        description="Renders faces with exact masks in the layout of CelebAMask-HQ.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", default="data/synthetic_faces", help="directory to make (default: %(default)s)")
    parser.add_argument("--count", type=int, default=2000, help="number of faces (default: %(default)s)")
    parser.add_argument(
        "--size", type=int, default=128, help="pixels a side, a multiple of 16 from 32 to 512 (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="which faces, 0 or more (default: %(default)s)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        written = write(arguments.out, arguments.count, arguments.size, arguments.seed)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted, nothing written", file=sys.stderr)
        return 130
    faces = f"{arguments.count} faces of {arguments.size} pixels, seed {arguments.seed}"
    print(f"{arguments.out}: {faces}" if written else f"{arguments.out} already holds these {faces}; nothing to do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
