"""The installation's PostgreSQL: a given server, or our own and then kept running."""

import os
from pathlib import Path

from tandem.app.embedded import CannotRun, EmbeddedPostgres
from tandem.app.embedded.logfile import keep_small
from tandem.app.supervisor.console import Console
from tandem.app.supervisor.pauses import Pauses

STOP_SECONDS_MIN = 0.5


class Database:
    def __init__(self, folder: Path, console: Console) -> None:
        self._console = console
        self._given = os.environ.get("TANDEM_DATABASE_URL") or os.environ.get("DATABASE_URL")
        self._postgres = None if self._given else EmbeddedPostgres(folder)
        self._pauses = Pauses()

    @property
    def pid(self) -> int | None:
        """None when the server is not ours."""
        server = self._postgres.server if self._postgres else None
        return server.pid if server else None

    def open(self) -> str:
        """The owner's DSN."""
        if self._postgres is None:
            assert self._given, "without a server of our own, one was given"
            return self._given
        dsn = self._postgres.start()
        self._pauses.started()
        return dsn

    def mend(self) -> str | None:
        """Start our server again if it ended; its DSN when it was started."""
        postgres = self._postgres
        if postgres is None or (postgres.server is not None and postgres.server.poll() is None):
            return None
        if (pause := self._pauses.begin()) is not None:
            self._console.complain(f"  database  PostgreSQL ended; starting it in {pause:g} s")
        if not self._pauses.is_over:
            return None
        postgres.stop()
        try:
            return self.open()
        except CannotRun as reason:
            self._console.complain(f"  database  {reason}")
            self._pauses.started()
            return None

    def stop(self, *, patience: float) -> None:
        """Clean when that takes less than `patience` seconds, else repaired by the next start."""
        if self._postgres is not None:
            self._postgres.stop(patience=max(STOP_SECONDS_MIN, patience))

    def trim_log(self) -> None:
        if self._postgres is not None:
            keep_small(self._postgres.folder / "postgres.log")
