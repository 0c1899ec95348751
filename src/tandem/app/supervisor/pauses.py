"""How long to wait before starting something again: longer after each failure in a row.

What had worked for a while and was killed comes back at once, however often that happens; only what
dies soon after each start is given longer and longer rests.
"""

import time

SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 5.0


class Pauses:
    def __init__(self) -> None:
        self._failures = 0
        self._started_at = time.monotonic()
        self._due_at: float | None = None

    def started(self) -> None:
        self._started_at = time.monotonic()
        self._due_at = None

    def begin(self) -> float | None:
        """The seconds of the pause that begins now; None when one is under way."""
        if self._due_at is not None:
            return None
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._failures = 0
        seconds = SECONDS[min(self._failures, len(SECONDS) - 1)]
        self._failures += 1
        self._due_at = time.monotonic() + seconds
        return seconds

    @property
    def is_over(self) -> bool:
        return self._due_at is not None and time.monotonic() >= self._due_at
