"""One embedded server over one data folder."""

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tandem.app.embedded import process
from tandem.app.embedded.account import account_for
from tandem.app.embedded.binaries import find_binaries
from tandem.app.embedded.cluster import (
    DATABASE,
    OWNER,
    Place,
    ensure_cluster,
    ensure_password,
    give,
)
from tandem.app.embedded.lock import DataLock
from tandem.app.embedded.logfile import last_lines
from tandem.app.embedded.refusals import CannotRun

HOST = "127.0.0.1"
START_SECONDS_MAX = 20.0

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "cluster_name": "tandem",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    # Failed statements and their values are the application's to log: they hold personal data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
}

FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "min_wal_size": "80MB",
    "max_wal_size": "256MB",
    # Several installations and many tests share one such server.
    "max_connections": "400",
}


class EmbeddedPostgres:
    """PostgreSQL over `folder`: `start` gives the owner's DSN, `stop` a clean shutdown.

    Start it from a thread that lives as long as the server should: on Linux the server stops when
    that thread is gone, unless it `outlives_us`. `durable=False` trades safety against power loss
    for speed, for tests. `programs` serves the folder with another installation's binaries.
    """

    def __init__(
        self,
        folder: Path,
        *,
        programs: Path | None = None,
        durable: bool = True,
        outlives_us: bool = False,
    ) -> None:
        self.folder = folder.absolute()
        self.server: subprocess.Popen[bytes] | None = None
        self._programs = programs
        self._durable = durable
        self._outlives_us = outlives_us
        self._lock = DataLock(self.folder)

    def start(self) -> str:
        """Create what is missing, mend what a crash left, start, and return the owner's DSN.

        Refuses with `InUse` while another process holds the folder, else with `CannotRun`.
        """
        try:
            self._lock.acquire()
            return self._start()
        except PermissionError as error:
            self.stop()
            raise CannotRun(
                f"{error.filename} belongs to another user. Choose another folder, or run as the "
                "user who made it."
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self, *, patience: float = process.FAST_SECONDS) -> None:
        """Fast shutdown, immediate after `patience` seconds; harmless when nothing runs."""
        server, self.server = self.server, None
        if server is not None:
            process.stop(server.pid, is_gone=lambda: server.poll() is not None, patience=patience)
        self._lock.release()

    def running_dsn(self) -> str | None:
        """The owner's DSN of the server running on this folder, whoever started it."""
        port = process.running_port(self.folder / "data")
        password = self.folder / "owner.password"
        return _dsn(password.read_text().strip(), port) if port else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> str:
        account = account_for(self.folder)
        give(self.folder, account)
        programs = self._programs or find_binaries(self.folder, account)
        place = Place(folder=self.folder, programs=programs, account=account)
        process.clear_leftovers(place.data)
        ensure_cluster(place, durable=self._durable)
        return _dsn(ensure_password(place), self._serve(place))

    def _serve(self, place: Place) -> int:
        """Retry while it exits: a port just taken, or backends of a killed server still ending."""
        settings = {**SETTINGS, **({} if self._durable else FORGETFUL)}
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            port = _choose_port(self.folder / "port")
            self.server = process.launch(
                place, port=port, settings=settings, outlives_us=self._outlives_us
            )
            if process.wait_until_ready(place, self.server):
                return port
            if time.monotonic() > deadline:
                raise CannotRun(f"PostgreSQL does not start:\n{last_lines(place.log)}")
            time.sleep(0.2)


def _dsn(password: str, port: int) -> str:
    return f"postgresql://{OWNER}:{password}@{HOST}:{port}/{DATABASE}"


def _choose_port(remembered: Path) -> int:
    """The port of last time while it is free, so that open tools find the server again."""
    written = remembered.read_text().strip() if remembered.exists() else ""
    if written.isdigit() and _is_free(int(written)):
        return int(written)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    remembered.write_text(f"{port}\n")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
