"""SIGTERM and Ctrl-C as a wish that the loop grants at the end of a step."""

import signal
from pathlib import Path
from types import FrameType


class Interrupted(Exception):  # noqa: N818 - a wish granted, not an error
    """The run was asked to stop, saved its state and can go on with the same command."""

    def __init__(self, cause: signal.Signals, step: int, folder: Path):
        super().__init__(f"{cause.name}: saved step {step} in {folder}; the same command goes on from there")
        self.exit_status = 128 + cause


class Interruption:
    """While entered, notes the first SIGTERM or Ctrl-C; a second one has its usual effect."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self):
        self.signal: signal.Signals | None = None

    def __enter__(self) -> "Interruption":
        self._previous = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
