"""Open connections to one mail server, kept a moment for the next letter."""

import asyncio
from weakref import WeakKeyDictionary

import msgspec
from aiosmtplib import SMTP

IDLE_SECONDS = 5.0
"""Long enough for the next letter of a batch, shorter than any server waits."""
LETTERS_MAX = 100
"""On one connection: servers count too, and some hang up sooner."""
IDLE_MAX = 16


class Line(msgspec.Struct, kw_only=True, eq=False):
    """`letters` is how many it has carried; more than none: the server may have left meanwhile."""

    client: SMTP
    letters: int = 0
    closing: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.closing is not None:
            self.closing.cancel()
        self.client.close()


class Lines:
    """Of one mail server, by event loop."""

    def __init__(self) -> None:
        self._idle: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Line]] = WeakKeyDictionary()

    def take(self) -> Line | None:
        """One that stands open, as far as can be seen from here."""
        idle = self._idle.get(asyncio.get_running_loop(), [])
        while idle:
            line = idle.pop()
            if line.client.is_connected and line.letters < LETTERS_MAX:
                assert line.closing is not None, "whoever is idle is closed before long"
                line.closing.cancel()
                return line
            line.close()
        return None

    def keep(self, line: Line) -> None:
        """Its letter has come to its end, and the server said so."""
        loop = asyncio.get_running_loop()
        idle = self._idle.setdefault(loop, [])
        if len(idle) >= IDLE_MAX:
            line.close()
            return
        line.closing = loop.call_later(IDLE_SECONDS, self._drop, line)
        idle.append(line)

    def close(self) -> None:
        for idle in self._idle.values():
            for line in idle:
                line.close()
            idle.clear()

    def _drop(self, line: Line) -> None:
        for idle in self._idle.values():
            if line in idle:
                idle.remove(line)
        line.close()
