"""How every command starts and ends: one line for what a user can mend, a traceback for what only we can."""

import argparse
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from absl import app, flags
from tqdm import tqdm

from data_pipeline.errors import UserError


def run(main: Callable[[Any], None], parser: argparse.ArgumentParser | None = None) -> None:
    """Parses, runs `main` and exits.

    The status is 0 when done, 1 after a user's error, 2 for an option that is not understood, 130 after Ctrl-C.
    `main` gets what absl's flags left over, or with a `parser` what that made of the command line.
    """

    def guarded(parsed: Any) -> None:
        logging.basicConfig(level=logging.INFO, handlers=[_AboveProgressBars()], force=True)
        try:
            main(parsed)
        except UserError as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)

    def parse(argv: list[str]) -> argparse.Namespace:
        flags.FLAGS(argv[:1])  # absl's own, which nobody sets here
        return parser.parse_args(argv[1:])

    app.run(guarded, flags_parser=parse if parser else _parse_flags)


class ArgumentParser(argparse.ArgumentParser):
    """Says what it does not understand in one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the command."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _parse_flags(argv: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
        if "config" in flags.FLAGS and flags.FLAGS.config is not None:
            flags.FLAGS.config.task  # noqa: B018 - a file that could not be loaded says so only when it is read
        return rest
    except (flags.Error, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        message = " ".join(str(error.args[0] if isinstance(error, KeyError) else error).split())
        if "Traceback" in message:  # what a config file raises comes wrapped in its traceback
            message = message.rpartition("Error: ")[-1]
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


class _AboveProgressBars(logging.Handler):
    """Prints our own news and the libraries' warnings, without breaking a progress bar that is being drawn.

    Of a library's record without its traceback: what it logs as an error it raises as well, and asyncio repeats it.
    """

    LIBRARIES = ("jax", "orbax", "tensorflow_datasets")

    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "asyncio":
            return
        if any(f"/{library}/" in record.pathname for library in self.LIBRARIES):
            if record.levelno <= logging.INFO:
                return
            record.exc_info = record.exc_text = record.stack_info = None
        tqdm.write(self.format(record), file=sys.stderr)
