"""The peak of a process's memory on a CPU, on Linux."""

import re
from pathlib import Path

from data_pipeline.errors import UserError

PROCESS = Path("/proc/self")


def forget_peak() -> None:
    """Let the peak begin anew at what is in use.

    Raises:
      UserError: the system has no such account.
    """
    try:
        (PROCESS / "clear_refs").write_text("5")
    except OSError:
        raise UserError("launch.benchmark measures memory on Linux only; run it there") from None


def peak() -> int:
    """Return the largest resident size since `forget_peak`, bytes."""
    return int(re.search(r"VmHWM:\s*(\d+) kB", (PROCESS / "status").read_text())[1]) * 1024
