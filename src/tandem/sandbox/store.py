"""One SQLite file: small, durable across kill -9, and the only state the sandbox has."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Parameters = Mapping[str, Any] | Sequence[Any]


class Store:
    """Synchronous and short calls from the event loop's thread. Never await inside a transaction:
    whatever else the loop runs meanwhile would become part of it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.execute("pragma foreign_keys = on")

    def create(self, ddl: str) -> None:
        """Run statements that may be repeated: `create table if not exists ...`."""
        self._connection.executescript(ddl)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A transaction within a transaction joins the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """The number of rows changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """The new row's integer id."""
        row_id = self._connection.execute(sql, parameters).lastrowid
        assert row_id is not None, "an insert into a rowid table has a row id"
        return row_id

    def close(self) -> None:
        self._connection.close()
