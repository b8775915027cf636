"""SIGTERM and Ctrl-C: before the first step they end the run at once, from then on at the end of a step."""

import os
import signal
from pathlib import Path
from types import FrameType


class Interrupted(Exception):  # noqa: N818 - a request that was met, not an error
    """The run was asked to stop, saved its state and can be resumed with the same command.

    Its exit status is 75, EX_TEMPFAIL, which batch systems can be configured to restart on.
    """

    exit_status = os.EX_TEMPFAIL

    def __init__(self, cause: str, workdir: Path, step: int | None = None):
        self.step = step
        saved = "nothing new to save" if step is None else f"saved step {step}"
        super().__init__(f"{cause}: {saved} in {workdir}; the same command resumes from there")


class Interruption:
    """While entered, records the first SIGTERM or Ctrl-C; a second one has its usual effect.

    Until `defer` is called, the first one raises `Interrupted`.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, workdir: Path):
        self.signal: signal.Signals | None = None
        self._workdir = workdir
        self._deferred = False

    def __enter__(self) -> "Interruption":
        self._previous = {number: signal.signal(number, self._record) for number in self.SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        self._restore()

    @property
    def received(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    def defer(self) -> None:
        """From now on only record a signal: the loop looks at `received` after every step."""
        self._deferred = True

    def at_step(self, step: int) -> Interrupted:
        """Return the exception to raise when the state of a step is saved."""
        return Interrupted(self.signal.name if self.signal else "another host was stopped", self._workdir, step)

    def _record(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        self._restore()
        if not self._deferred:
            raise Interrupted(self.signal.name, self._workdir)

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
