"""The clocks of tests: one that goes on from an instant, one that stands, one that is moved."""

import time
from datetime import UTC, datetime, timedelta

from tandem.kernel.clock import Clock


class ClockFrom(Clock):
    """Goes on from an instant."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._start, self._began = start, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)


class Stopped(Clock):
    """Stands where it is put."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


class MovedClock(Clock):
    """The machine's time, as that of stand-ins and servers beside it, moved by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved
