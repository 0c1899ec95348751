"""One PostgreSQL for the whole test run, and a fresh copy of a migrated database in milliseconds.

All pytest-xdist workers, and other runs by the same user, share one embedded server without fsync.
The last one to leave stops it and removes its folder; what a killed run left is cleared by the
next. The environment chooses another server:

- `TANDEM_TEST_PG_BIN`: the folder of another installation's `postgres`, `initdb` and `psql`;
- `TANDEM_TEST_DATABASE_URL`: the DSN of a running server, as a role that may create databases.
"""

import atexit
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

from tandem.app.embedded import EmbeddedPostgres
from tandem.app.embedded.binaries import find_binaries
from tandem.app.embedded.process import clear_leftovers

NAME_LENGTH_MAX = 63
MEMORY = Path("/dev/shm")  # noqa: S108 - our folder in it is private
MEMORY_BYTES_MIN = 4 * 1024**3


class Server:
    """The server of this run; `dsn_owner` is a role that may create roles and databases."""

    def __init__(self, dsn_owner: str, users: int | None, folder: Path) -> None:
        self.dsn_owner = dsn_owner
        self.folder = folder
        self.clones: list[str] = []
        self._users = users

    def psql(self, statement: str) -> str:
        """Run one statement outside any transaction; the first column of its rows as text."""
        command = [*_psql(), "--dbname", self.dsn_owner, "--command", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{statement}\n{done.stderr}"
        return done.stdout.strip()

    def leave(self) -> None:
        """Drop this process's databases; the last to leave stops the server."""
        for dsn in list(self.clones):
            drop(self, dsn)
        atexit.unregister(self.leave)
        if self._users is None:
            return
        users, self._users = self._users, None
        with _locked(self.folder / "gate"):
            if _is_alone(users):
                _launcher(self.folder / "cluster").stop()
                _remove(self.folder / "cluster")
        os.close(users)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


def server() -> Server:
    """Join the shared server, starting it when this process is the first."""
    folder = _folder()
    users: int | None = None
    dsn = os.environ.get("TANDEM_TEST_DATABASE_URL")
    if dsn is None:
        with _locked(folder / "gate"):
            users = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
            if _is_alone(users):
                _remove(folder / "cluster")
            fcntl.flock(users, fcntl.LOCK_SH)
            launcher = _launcher(folder / "cluster")
            dsn = launcher.running_dsn() or launcher.start()
    joined = Server(dsn, users, folder)
    atexit.register(joined.leave)
    return joined


def template(server: Server, migrate: Callable[[str], None], key: str) -> str:
    """The name of a database that `migrate(dsn)` filled once per `key` for all workers.

    `key` must change whenever the result of `migrate` would: a hash of the migration files.
    """
    name = f"template_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    with _locked(server.folder / f"{name}.lock"):
        if server.psql(f"select 1 from pg_database where datname = '{name}'") != "1":
            unfinished = f"{name}_unfinished"
            server.psql(f"drop database if exists {unfinished} with (force)")
            server.psql(f"create database {unfinished}")
            migrate(in_database(server.dsn_owner, unfinished))
            server.psql(f"alter database {unfinished} with allow_connections false")
            server.psql(f"alter database {unfinished} rename to {name}")
    return name


def clone(server: Server, template: str) -> str:
    """The owner's DSN of a new database with the template's content."""
    name = f"clone_{os.getpid()}_{secrets.token_hex(5)}"
    server.psql(f"create database {name} template {template} strategy file_copy")
    dsn = in_database(server.dsn_owner, name)
    server.clones.append(dsn)
    return dsn


def drop(server: Server, dsn: str) -> None:
    """Drop a clone, whoever is still connected to it."""
    server.psql(f"drop database if exists {urlsplit(dsn).path[1:]} with (force)")
    server.clones.remove(dsn)


def in_database(dsn: str, name: str) -> str:
    """The same server and role, another database."""
    assert len(name) <= NAME_LENGTH_MAX, "PostgreSQL would cut the name short"
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def as_role(dsn: str, role: str, password: str) -> str:
    """The same database, another role."""
    parts = urlsplit(dsn)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{address}"))


def _folder() -> Path:
    """One folder for each user and set of binaries; nobody else may have prepared it."""
    programs = os.environ.get("TANDEM_TEST_PG_BIN", "")
    which = hashlib.sha256(programs.encode()).hexdigest()[:8]
    folder = _room() / f"tandem-tests-{os.getuid()}-{which}"
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == os.getuid(), f"{folder} belongs to somebody else"
    return folder


def _room() -> Path:
    """Memory where there is plenty: a clone is hundreds of small files, slow on a busy disk."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN:
        return MEMORY
    return Path(tempfile.gettempdir())


@cache
def _launcher(cluster: Path) -> EmbeddedPostgres:
    """Kept for the life of the process: it holds the server that other workers use too."""
    programs = os.environ.get("TANDEM_TEST_PG_BIN")
    return EmbeddedPostgres(
        cluster, programs=Path(programs) if programs else None, durable=False, outlives_us=True
    )


def _remove(cluster: Path) -> None:
    clear_leftovers(cluster / "data")
    shutil.rmtree(cluster, ignore_errors=True)


def _psql() -> list[str]:
    chosen = os.environ.get("TANDEM_TEST_PG_BIN")
    programs = Path(chosen) if chosen else find_binaries(Path(), None)
    return [str(programs / "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]


def _is_alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
