"""Going back so many days and doing something there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database, Tx
from tandem.kernel.outbox import drain


class Then(Clock):
    """The clock as it stood then."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


class Days:
    """Transactions so many days before `today`, by the company's only member."""

    def __init__(self, database: Database, org_id: UUID, user_id: UUID, today: datetime) -> None:
        self.clock = Then(today)
        self.user_id = user_id
        self._today = today
        self._database = Database(database.pool, self.clock)
        self._actor = Actor(
            org_id=org_id, user_id=user_id, grants=frozenset({"*"}), label="Asha Rao"
        )

    @asynccontextmanager
    async def ago(self, days: float) -> AsyncIterator[tuple[Tx, datetime]]:
        """What is told in it has been heard everywhere when it ends."""
        self.clock.at = self._today - timedelta(days=days)
        async with self._database.transaction(self._actor) as tx:
            yield tx, self.clock.at
        await drain(self._database)
