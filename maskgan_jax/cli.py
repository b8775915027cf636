"""Start and end of every command: options, messages, exit status.

Imports only the standard library at first, so that a command's --help is fast.
"""

import argparse
import ast
import difflib
import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from data_pipeline.errors import UserError


def run(main: Callable[[Any], None], parser: argparse.ArgumentParser | None = None) -> None:
    """Parse the command line, run `main` and exit.

    The exit status is 0 on success, 1 after a user's error, 2 for an option that is not understood, 130 after Ctrl-C. A
    user's error is printed as one line, other errors with their traceback; warnings of libraries are not printed.

    Args:
      main: gets the arguments that are no absl flags, or the result of `parser`.
      parser: parses the command line instead of absl's flags.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if parser:
        options = parser.parse_args()
        _run(main, options, getattr(options, "compilation_cache", False))
    else:
        from absl import app, flags

        cache = flags.DEFINE_bool(
            "compilation_cache",
            True,
            "Keep what is compiled in the user's cache folder, for a faster start of the next command.",
        )
        app.run(lambda arguments: _run(main, arguments, cache.value), flags_parser=parse_flags)


def _run(main: Callable[[Any], None], parsed: Any, compilation_cache: bool) -> None:
    logging.basicConfig(level=logging.INFO, handlers=[_LogHandler()], force=True)
    if compilation_cache:
        keep_compiled()
    try:
        main(parsed)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


def keep_compiled() -> None:
    """Let JAX keep what it compiles in the user's cache folder and use what it finds there, at most 4 GiB.

    The oldest goes first. Where JAX_COMPILATION_CACHE_DIR is set, or JAX's cache is off, JAX's own settings stand.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ or os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "1") in (
        "0",
        "false",
    ):
        return
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maskgan_jax" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logging.warning("Nothing that is compiled is kept: %s: %s", folder, error.strerror)
        return
    settings = {
        "jax_compilation_cache_dir": str(folder),
        "jax_compilation_cache_max_size": 2**32,
        "jax_persistent_cache_min_compile_time_secs": 0.5,
    }
    if "jax" in sys.modules:
        import jax

        for name, value in settings.items():
            jax.config.update(name, value)
    else:
        os.environ.update({name.upper(): str(value) for name, value in settings.items()})


class ArgumentParser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with status 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def at_least(least: int) -> Callable[[str], int]:
    """Return an option's type: whole numbers from `least` on."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no whole number of {least} or more")
        return int(text)

    return parse


def non_negative(text: str) -> float:
    """Return an option's value: a finite number of 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of 0 or more")
    return value


def fraction(text: str) -> float:
    """Return an option's value: a number from 0 to 1."""
    value = non_negative(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to 1")
    return value


def parse_flags(argv: list[str]) -> list[str]:
    """Return what absl's flags leave of the command line; print what they do not understand and exit with status 2."""
    from absl import flags

    try:
        _check_fields(argv)
        rest = flags.FLAGS(argv)
        if "config" in flags.FLAGS and flags.FLAGS.config is not None:
            flags.FLAGS.config.name  # noqa: B018 - raises if the file could not be loaded
        return rest
    except (flags.Error, UserError, AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        message = " ".join(str(error.args[0] if isinstance(error, KeyError) else error).split())
        if "Traceback" in message:  # what a config file raises comes with its traceback in the message
            message = message.rpartition("Error: ")[-1]
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


def _check_fields(argv: list[str]) -> None:
    """Compare the options --config.FIELD=VALUE with the config.

    Raises:
      UserError: the config has no such field, or a value of another type.
    """
    from absl import flags

    matches = [re.fullmatch(r"--?(?:no)?config(?:\.([^=]+))?(?:=(.*))?", argument, re.DOTALL) for argument in argv]
    options = [(match[1], match[2], place) for place, match in enumerate(matches) if match]
    try:
        file = next(argv[place + 1] if value is None else value for field, value, place in options if field is None)
        fields = _leaves(flags.FLAGS["config"].parser.parse(file))
    except Exception:  # no --config, or one that can't be loaded: absl's parser reports it
        return
    listed = f"the fields are listed in {file.partition(':')[0]} and the files that it imports"
    for field, value, _ in options:
        if field is None:
            continue
        if any(name.startswith(f"{field}.") for name in fields):
            raise UserError(f"--config.{field}: a group of fields; give one of them, --config.{field}.NAME; {listed}")
        if field not in fields:
            nearest = difflib.get_close_matches(field, fields, n=3, cutoff=0.0)
            names = ", ".join(f"--config.{name}" for name in nearest)
            raise UserError(f"--config.{field}: no such field; the nearest are {names}; {listed}")
        if value is not None and not _is_like(value, fields[field]):
            default = fields[field]
            kind = type(default).__name__
            raise UserError(f"--config.{field}={value}: expected {kind}, such as {default!r}; {listed}")


def _leaves(config: Any) -> dict[str, Any]:
    """Return a config's values by their dotted names."""
    leaves = {}
    for name, value in config.items():
        if hasattr(value, "items"):
            leaves |= {f"{name}.{below}": leaf for below, leaf in _leaves(value).items()}
        else:
            leaves[name] = value
    return leaves


def _is_like(text: str, default: Any) -> bool:
    """Return whether an option's value can replace a field's."""
    from absl import flags

    parsers = {bool: flags.BooleanParser(), int: flags.IntegerParser(), float: flags.FloatParser()}
    if type(default) in parsers:
        try:
            parsers[type(default)].parse(text)
        except (TypeError, ValueError):
            return False
    if isinstance(default, tuple):
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            value = text
        value = value if isinstance(value, tuple | list) else (value,)
        return {type(element) for element in value} <= {type(element) for element in default}
    return True


class _LogHandler(logging.Handler):
    """Prints our own messages above progress bars, and of libraries only errors.

    A library's error is printed without its traceback, since it is raised as well; asyncio only repeats such errors.
    """

    OWN = tuple(f"{Path(__file__).parent.parent / package}/" for package in ("maskgan_jax", "data_pipeline", "configs"))
    METRICS = "/clu/metric_writers/"

    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        from tqdm import tqdm

        if not record.pathname.startswith(self.OWN) and self.METRICS not in record.pathname:
            if record.levelno < logging.ERROR or record.name == "asyncio":
                return
            record.exc_info = record.exc_text = record.stack_info = None
        tqdm.write(self.format(record), file=sys.stderr)
