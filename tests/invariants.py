"""Every invariant of every service, asked after every test: in one prepared statement."""

from typing import Self

import asyncpg

from tandem.app.doctor import broken_invariants, invariants
from tandem.kernel.db import LOST


class Invariants:
    """A connection of the owner, who sees every organisation, kept for a whole file."""

    def __init__(self, owner_dsn: str, connection: asyncpg.Connection) -> None:
        self._owner_dsn = owner_dsn
        self._connection = connection
        self._sql = " union all ".join(
            f"select {place} where exists (\n{invariant.sql}\n)"
            for place, invariant in enumerate(invariants())
        )

    @classmethod
    async def of(cls, owner_dsn: str) -> Self:
        return cls(owner_dsn, await _connect(owner_dsn))

    async def broken(self) -> list[str]:
        """As the doctor tells it; the doctor is asked only when something is wrong."""
        if not await self._ask():
            return []
        return await broken_invariants(self._owner_dsn)

    async def close(self) -> None:
        await self._connection.close()

    async def _ask(self) -> list[asyncpg.Record]:
        try:
            return await self._connection.fetch(self._sql)
        except LOST:  # a test cuts every connection to the database
            self._connection = await _connect(self._owner_dsn)
            return await self._connection.fetch(self._sql)


async def _connect(owner_dsn: str) -> asyncpg.Connection:
    # asyncpg by itself prepares anew, each time it is run, a statement as long as this one.
    return await asyncpg.connect(
        owner_dsn, server_settings={"jit": "off"}, max_cacheable_statement_size=0
    )
