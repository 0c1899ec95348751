"""The movable clock: one small file holds the offset, and the product's processes read it too."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

OFFSET_DAYS_MAX = 3660
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SPAN = re.compile(r"(-?)((?:\d+[smhdw]\s*)+)")


class ClockRefused(ValueError):
    """The clock was asked for a time it will not go to."""


class Clock:
    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The sandbox's present, in UTC: the machine's time moved by the offset."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    @property
    def offset_seconds(self) -> int:
        """Zero when the file is missing; read every time, since any process may have moved it."""
        try:
            return int(json.loads(self._file.read_text())["offset_seconds"])
        except FileNotFoundError:
            return 0

    def set_offset(self, seconds: int) -> None:
        """Put the present that many seconds from the machine's time, for every reader at once."""
        if abs(seconds) > OFFSET_DAYS_MAX * UNITS["d"]:
            raise ClockRefused(f"The clock moves at most {OFFSET_DAYS_MAX} days either way.")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        draft.write_text(json.dumps({"offset_seconds": seconds}))
        draft.replace(self._file)

    def advance(self, span: str) -> None:
        """Move by a span such as `2h`, `1d 30m` or `-15m` from where the clock stands."""
        self.set_offset(self.offset_seconds + parse_span(span))

    def move_to(self, instant: datetime) -> None:
        """Move so that the present is that instant, to the second. Naive times are refused."""
        if instant.tzinfo is None:
            raise ClockRefused("Give the time with its zone, such as 2025-01-31T10:00:00+05:30.")
        self.set_offset(round((instant - datetime.now(UTC)).total_seconds()))


def parse_span(text: str) -> int:
    """Seconds in `2h`, `1d 30m`, `-15m`; a bare number is not a span."""
    match = SPAN.fullmatch(text.strip())
    if match is None:
        raise ClockRefused("Write a span such as 90s, 30m, 2h, 1d or 1d 6h.")
    parts = re.findall(r"(\d+)([smhdw])", match[2])
    total = sum(int(count) * UNITS[unit] for count, unit in parts)
    return -total if match[1] else total
