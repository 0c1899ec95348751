"""Jobs of one kind: one waiting is enough, one at work is not."""

from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from tandem.app.worker import _entrypoint
from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources

NAME = "test.look"


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(work: Work, place: str) -> None:
        """While it runs, something changes and asks for another look."""
        async with work.transaction() as tx:
            await jobs.enqueue(tx, NAME, dedupe=place, place=place)

    monkeypatch.setitem(jobs.JOBS, NAME, run)


async def waiting(connection: Any) -> int:
    return int(
        await connection.fetchval(
            "select count(*) from jobs.pgqueuer where entrypoint = $1 and status = 'queued'", NAME
        )
    )


async def test_what_is_asked_for_while_its_like_is_at_work_is_done_afterwards(
    look: None, database: Database, actor: Actor, owner_dsn: str
) -> None:
    connection = await asyncpg.connect(owner_dsn)
    for _ in range(3):
        async with database.transaction(actor) as tx:
            await jobs.enqueue(tx, NAME, dedupe="door", place="door")
    assert await waiting(connection) == 1
    (row,) = await connection.fetch(
        "update jobs.pgqueuer set status = 'picked' where entrypoint = $1 returning id, payload",
        NAME,
    )
    entry = _entrypoint(jobs.JOBS[NAME], database, Resources())
    await entry(SimpleNamespace(id=row["id"], payload=row["payload"]))
    assert await waiting(connection) == 1
    await connection.close()
