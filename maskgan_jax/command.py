"""How every command starts and ends: one line for what a user can mend, a traceback for what only we can."""

import sys
from collections.abc import Callable

from absl import app, flags, logging

from data_pipeline.errors import DataError
from maskgan_jax.errors import UserError


def run(main: Callable[[list[str]], None]) -> None:
    """Parses flags, runs `main` and exits: 0 when done, 1 after a user's error, 2 for a flag that is not understood."""
    def guarded(argv: list[str]) -> None:
        logging.set_verbosity(logging.INFO)
        try:
            main(argv)
        except (UserError, DataError) as error:
            sys.exit(f"error: {error}")

    app.run(guarded, flags_parser=_parse)


def _parse(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except (flags.Error, UserError, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        message = " ".join(str(error).split())
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)
