"""Commands of this project, one after the other, as a user would type them."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable


def run_all(commands: Iterable[tuple[str, list[str]]]) -> dict[str, float]:
    """Print and run commands, given by name with the arguments of Python; return the seconds that each took.

    Raises:
      SystemExit: a command failed; with its status.
    """
    seconds = {}
    for name, command in commands:
        print(f"\n$ python {shlex.join(command)}", flush=True)
        started = time.perf_counter()
        status = _run(command)
        if status:
            sys.exit(status)
        seconds[name] = time.perf_counter() - started
    return seconds


def _run(command: list[str]) -> int:
    """Return the exit status of a command. Ctrl-C is left to the command, which saves its state first."""
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.Popen([sys.executable, *command]).wait()
    finally:
        signal.signal(signal.SIGINT, previous)
