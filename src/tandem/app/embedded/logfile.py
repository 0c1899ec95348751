"""A log another process appends to: its last lines, and a limit to its size."""

import os
from pathlib import Path

LINES_SHOWN = 15
BYTES_READ_MAX = 16_384
BYTES_MAX = 16 * 1024 * 1024


def last_lines(log: Path, count: int = LINES_SHOWN) -> str:
    """The end of the log, for a message."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - BYTES_READ_MAX))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


class Tail:
    """Follows a log from its end at the time of making."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = log.stat().st_size if log.exists() else 0

    def new_lines(self) -> list[str]:
        """Whole lines written since the last call, at most 16 KiB of them at a time."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as file:
            if self._log.stat().st_size < self._read:
                self._read = 0  # It was emptied.
            file.seek(self._read)
            found = file.read(BYTES_READ_MAX)
        whole = found[: found.rfind(b"\n") + 1] if len(found) < BYTES_READ_MAX else found
        self._read += len(whole)
        return whole.decode(errors="replace").splitlines()


def keep_small(log: Path, bytes_max: int = BYTES_MAX) -> None:
    """Move a log that grew too long to `….1` and go on in an empty one.

    Its writer keeps it open for appending, so it is emptied in place; a line written between the
    copy and the emptying is lost, which a log can bear.
    """
    if not log.exists() or log.stat().st_size <= bytes_max:
        return
    before = log.with_name(f"{log.name}.1")
    try:
        before.write_bytes(log.read_bytes())
    except OSError:
        before.unlink(missing_ok=True)  # The disk is full: room is worth more than old lines.
    os.truncate(log, 0)
