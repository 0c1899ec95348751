"""The clock at the edge. Nothing below the edge reads it: `now` is passed in.

Demos and tests move time by writing `{"offset_seconds": n}` to the file named by
`TANDEM_CLOCK_FILE`; every process of the installation sees the move at once. Without the variable
(production) the file is never looked at.
"""

import os
from datetime import UTC, datetime, timedelta

import msgspec


class _Offset(msgspec.Struct):
    offset_seconds: float = 0.0


class Clock:
    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """Aware, UTC, microseconds."""
        if self._path is not None:
            self._look()
        return datetime.now(UTC) + self._offset

    def _look(self) -> None:
        assert self._path is not None
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._seen, self._offset = None, timedelta()
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._seen:
            with open(self._path, "rb") as file:
                moved = msgspec.json.decode(file.read(), type=_Offset)
            self._seen, self._offset = stamp, timedelta(seconds=moved.offset_seconds)


clock = Clock(os.environ.get("TANDEM_CLOCK_FILE") or None)
