"""Events that gave up are seen by whoever keeps the settings, and tried again."""

from datetime import datetime
from uuid import uuid4

import httpx2 as httpx
import pytest

from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.kernel.test_outbox import Rang, broken

PARK = Query(
    """
    update kernel.delivery
       set attempts = 12, parked_at = :now, last_error = 'RuntimeError: the ear is broken'
     where org_id = :org_id
    """
)


@pytest.fixture
async def stuck(database: Database, actor: Actor, now: datetime) -> None:
    broken.clear()
    async with database.transaction(actor) as tx:
        bell = uuid4()
        await tx.publish(Rang(bell=bell, place=1), Rang(bell=bell, place=2))
        await tx.end()
        await tx.run(PARK, now=now)


async def test_stuck_events_are_listed_and_one_or_all_get_new_tries(
    client: httpx.AsyncClient, database: Database, actor: Actor, stuck: None
) -> None:
    first, second = (await client.get("/v1/stuck-events")).json()
    assert (first["subscriber"], first["last_error"]) == (
        "test.hear",
        "RuntimeError: the ear is broken",
    )
    answer = await client.post(f"/v1/stuck-events/{first['id']}/retries")
    assert (answer.status_code, answer.json()) == (201, {"count": 1})
    assert [row["id"] for row in (await client.get("/v1/stuck-events")).json()] == [second["id"]]
    answer = await client.post(f"/v1/stuck-events/{first['id']}/retries")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await client.post("/v1/stuck-events/retries")).json() == {"count": 1}
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        assert await outbox.list_parked(tx) == []


async def test_another_company_sees_and_retries_nothing_of_it(
    client: httpx.AsyncClient, database: Database, stuck: None, now: datetime
) -> None:
    (first, _) = (await client.get("/v1/stuck-events")).json()
    other = Actor.system(uuid4())
    async with database.transaction(other) as tx:
        assert await outbox.list_parked(tx) == []
        assert await outbox.retry_parked(tx, first["id"]) == 0
    assert len((await client.get("/v1/stuck-events")).json()) == 2
    assert (await client.post("/v1/stuck-events/retries")).json() == {"count": 2}
    await outbox.drain(database)
