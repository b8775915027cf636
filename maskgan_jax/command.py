"""How every command starts and ends: one line for what a user can mend, a traceback for what only we can."""

import logging
import sys
from collections.abc import Callable

from absl import app, flags
from tqdm import tqdm

from data_pipeline.errors import DataError
from maskgan_jax.errors import UserError


def run(main: Callable[[list[str]], None]) -> None:
    """Parses flags, runs `main` and exits: 0 when done, 1 after a user's error, 2 for a flag that is not understood."""

    def guarded(argv: list[str]) -> None:
        logging.basicConfig(level=logging.INFO, handlers=[_AboveProgressBars()], force=True)
        try:
            main(argv)
        except (UserError, DataError) as error:
            sys.exit(f"error: {error}")

    app.run(guarded, flags_parser=_parse)


def _parse(argv: list[str]) -> list[str]:
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
    """Prints our own news and everybody's warnings, without breaking a progress bar that is being drawn."""

    CHATTY = ("jax", "orbax", "tensorflow_datasets")

    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        chatty = any(f"/{library}/" in record.pathname for library in self.CHATTY)
        if record.levelno > logging.INFO or not chatty:
            tqdm.write(self.format(record), file=sys.stderr)
