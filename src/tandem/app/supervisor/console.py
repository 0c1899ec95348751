"""What the person at the terminal reads; kept in the log as well."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TextIO


class Console:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self.log: Path | None = None

    @property
    def seconds(self) -> float:
        """Since the command was given."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        _write(sys.stdout, text)
        self._keep(text)

    def complain(self, text: str) -> None:
        _write(sys.stderr, text)
        self._keep(text)

    def show(self, text: str) -> None:
        """On the terminal alone: logins do not belong in a log."""
        _write(sys.stdout, text)

    def _keep(self, text: str) -> None:
        """As far as the disk has room: a full one must not take the installation down."""
        if self.log is not None:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            with contextlib.suppress(OSError), self.log.open("a") as file:
                file.write(f"{stamp} {text.strip()}\n")


def _write(stream: TextIO, text: str) -> None:
    """A closed terminal or a full pipe must not take the installation down."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        return
