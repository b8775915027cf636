"""SIGTERM and Ctrl-C: granted as soon as Python runs before the first step, at the end of a step from then on."""

import os
import signal
from pathlib import Path
from types import FrameType


class Interrupted(Exception):  # noqa: N818 - a wish granted, not an error
    """The run was asked to stop, saved its state and can go on with the same command.

    Its exit status is 75, EX_TEMPFAIL, which batch systems can be told to read as 'start me again'.
    """

    exit_status = os.EX_TEMPFAIL

    def __init__(self, cause: str, folder: Path, step: int | None = None):
        self.step = step
        kept = "nothing new to save" if step is None else f"saved step {step}"
        super().__init__(f"{cause}: {kept} in {folder}; the same command goes on from there")


class Interruption:
    """While entered, notes the first SIGTERM or Ctrl-C; a second one has its usual effect.

    Until `defer` is called, the first one raises `Interrupted`.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, folder: Path):
        self.signal: signal.Signals | None = None
        self._folder = folder
        self._deferred = False

    def __enter__(self) -> "Interruption":
        self._previous = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        self._restore()

    def defer(self) -> None:
        """From now on a signal is only noted: who runs the steps looks at `signal`."""
        self._deferred = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        self._restore()
        if not self._deferred:
            raise Interrupted(self.signal.name, self._folder)

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
