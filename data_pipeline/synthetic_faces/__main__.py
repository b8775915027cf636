"""Command line: write synthetic faces in the raw layout of CelebAMask-HQ."""

import argparse
import signal
import sys

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces.write import write

_EPILOG = """\
The directory gets CelebA-HQ-img/<i>.jpg, CelebAMask-HQ-mask-anno/<i // 2000>/<i>_<part>.png and the mapping, attribute
and pose files of CelebAMask-HQ. Of every ten consecutive faces the ninth is for validation and the tenth for testing.
The same seed always gives the same faces; a larger count only adds faces. The directory appears when it is complete, or
not at all; one that already holds the same faces is left unchanged.

example:
  python -m data_pipeline.synthetic_faces --out=data/synthetic_faces --count=2000 --size=128
"""


def main() -> int:
    """Parse the arguments and write the faces, or print an error in one line.

    Returns:
      The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m data_pipeline.synthetic_faces",
        description="Render faces with exact masks in the layout of CelebAMask-HQ.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", default="data/synthetic_faces", help="directory to create (default: %(default)s)")
    parser.add_argument("--count", type=int, default=2000, help="number of faces (default: %(default)s)")
    parser.add_argument(
        "--size",
        type=int,
        default=128,
        help="height and width: a multiple of 16 from 32 to 512 px (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="which faces, 0 or more (default: %(default)s)")
    parser.add_argument(
        "--correlation",
        type=float,
        default=0.0,
        help="how strongly styles go with geometries, 0 to 1: make-up with long hair, dark skin with wide noses, "
        "stubble with square jaws (default: %(default)s)",
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        written = write(arguments.out, arguments.count, arguments.size, arguments.seed, arguments.correlation)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted, nothing written", file=sys.stderr)
        return 130
    faces = f"{arguments.count} faces of {arguments.size} px, seed {arguments.seed}"
    faces += f", correlation {arguments.correlation:g}" if arguments.correlation else ""
    print(f"{arguments.out}: {faces}" if written else f"{arguments.out} already holds these {faces}; nothing to do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
