"""Reads without a transaction: each company sees its own, and poolers are noticed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tandem.contracts.orders import OrderConfirmed
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.http.unit import Unit
from tandem.kernel.ids import new_id
from tests.databases import as_app

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SEEN = "select distinct org_id from identity.role"
"""Says nothing of the company: the policies alone decide."""
RENAME = Query("update identity.role set name = name where org_id = :org_id")


@pytest.fixture
async def narrow(owner_dsn: str) -> AsyncIterator[Database]:
    """One connection for everybody: what one leaves on it, the next one finds."""
    database = await Database.connect(as_app(owner_dsn), size_min=1, size_max=1)
    yield database
    await database.close()


async def company(database: Database) -> Actor:
    org_id = await identity.found_organisation(
        database, name="One of two", slug=f"r-{new_id().hex}", now=NOW
    )
    return Actor.system(org_id)


async def read(database: Database, actor: Actor) -> list[UUID]:
    unit = Unit(database, actor)
    found = await (await unit.read()).connection.fetch(SEEN)
    await unit.close(is_good=True)
    return [row["org_id"] for row in found]


@pytest.mark.parametrize("is_pooled", [False, True], ids=["direct", "behind a pooler"])
async def test_each_company_reads_its_own_rows_over_a_shared_connection(
    narrow: Database, database: Database, is_pooled: bool
) -> None:
    one, other = await company(database), await company(database)
    connection: Any
    async with narrow.pool.acquire() as connection:
        assert await connection.look_as(one.org_id)
        if is_pooled:
            connection._con._is_direct = False
    for actor in (one, other, other, one):
        assert await read(narrow, actor) == [actor.org_id]
        async with narrow.transaction(other) as tx:
            assert [row["org_id"] for row in await tx.connection.fetch(SEEN)] == [other.org_id]


async def test_a_reading_changes_and_tells_nothing(database: Database, actor: Actor) -> None:
    unit = Unit(database, actor)
    reading = await unit.read()
    with pytest.raises(AssertionError, match="writes nothing"):
        await reading.run(RENAME)
    with pytest.raises(AssertionError, match="tells nothing"):
        await reading.publish(
            OrderConfirmed(order_id=new_id(), number="SO-1", payment_method="cod", total_minor=1)
        )
    with pytest.raises(AssertionError, match="not for both"):
        await unit.open()
    await unit.close(is_good=True)


async def test_a_request_with_a_transaction_reads_in_it(database: Database, actor: Actor) -> None:
    unit = Unit(database, actor)
    tx = await unit.open()
    assert await unit.read() is tx
    await unit.close(is_good=False)
