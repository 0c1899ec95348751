"""Stopping on request, and noticing at once that a child has ended."""

import os
import select
import signal
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C, a `kill`, or the terminal was closed. Not an Exception: nothing may swallow it."""


class Signals:
    """Installed for the whole life of the supervisor, in its main thread."""

    def __init__(self) -> None:
        self._armed = True
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        hang_up = signal.getsignal(signal.SIGHUP)
        for number in STOPPING:
            signal.signal(number, self._stop)
        if hang_up == signal.SIG_IGN:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As `nohup` asked.

    def wait(self, seconds: float) -> None:
        """Sleep until a child ends, at most `seconds`; raises StopRequested when asked to stop."""
        select.select([self._reader], [], [], seconds)
        while True:
            try:
                os.read(self._reader, 512)
            except BlockingIOError:
                return

    def disarm(self) -> None:
        """From now on a signal does not interrupt: stopping is under way and takes seconds."""
        self._armed = False

    def _stop(self, _: int, __: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise StopRequested
