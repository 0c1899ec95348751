"""A connection that fails, or takes its whole process down, after so many writes.

Run as a program it begins to convert a lead and dies by SIGKILL on the way, or just before the end.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tandem.crm.sales.domain.converting import Wish
from tandem.flows import convert_lead
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx

WRITING = ("insert", "update", "delete", "withdraw_")


class Injected(Exception):
    """The fault of a test."""


def fail() -> None:
    raise Injected


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Faulty:
    """Does everything the connection does; once `allowed` writes are done, the fault."""

    def __init__(self, connection: Any, allowed: int, fault: Callable[[], None] = fail) -> None:
        self.connection = connection
        self.allowed = allowed
        self.fault = fault
        self.written = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    async def fetch(self, text: str, *values: Any) -> Any:
        return await self._asked("fetch", text, values)

    async def fetchrow(self, text: str, *values: Any) -> Any:
        return await self._asked("fetchrow", text, values)

    async def fetchval(self, text: str, *values: Any) -> Any:
        return await self._asked("fetchval", text, values)

    async def execute(self, text: str, *values: Any) -> Any:
        return await self._asked("execute", text, values)

    async def _asked(self, how: str, text: str, values: Any) -> Any:
        answer = await getattr(self.connection, how)(text, *values)
        if any(word in text for word in WRITING):
            self.written += 1
            if self.written == self.allowed:
                self.fault()
        return answer


def faulty(tx: Tx, allowed: int, fault: Callable[[], None] = fail) -> Tx:
    """The same transaction, to its last write: what waits for the end counts as one."""
    tx.connection = Faulty(tx.connection, allowed, fault)
    return tx


async def main(dsn: str, org_id: UUID, lead_id: UUID, allowed: int) -> None:
    database = await Database.connect(dsn, size_min=1, size_max=1)
    async with database.transaction(Actor.system(org_id)) as tx:
        own = faulty(tx, allowed, die)
        await convert_lead.convert(own, lead_id, Wish(), now=database.clock.now())
        die()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3]), int(sys.argv[4])))
