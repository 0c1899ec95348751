"""Two walls between companies, each strong enough alone: what statements ask for, and row-level
security. Each is taken away in turn."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import pytest
from litestar import Litestar

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.kernel.db import Database, Tx, begin
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters
from tests.databases import as_app
from tests.identity.company import Company, browsing, found
from tests.identity.matrix.policy import PUBLIC
from tests.identity.matrix.routes import Route, routes, rule_of

WALLED = """
    select c.oid::regclass::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'jobs')
     order by 1
"""
INTRUDE = "insert into identity.team (org_id, id, name) values ($1, gen_random_uuid(), 'x')"
MARKER = "Kestrel"


@pytest.fixture
async def owner(owner_dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_dsn)
    yield connection
    await connection.close()


async def test_without_row_level_security_the_statements_alone_keep_companies_apart(
    app: Litestar, database: Database, owner: Any, now: datetime
) -> None:
    ours, theirs = await _two(database)
    tables = [row[0] for row in await owner.fetch(WALLED)]
    for table in tables:
        await owner.execute(f"alter table {table} disable row level security")
    try:
        async with database.transaction(theirs.actor()) as tx:
            there = await tx.connection.fetchval("select count(*) from orders.order")
        assert there == 12, "the wall is down: both companies' orders are in sight"
        told = await _walk(app, database, ours, theirs)
    finally:
        for table in tables:
            await owner.execute(f"alter table {table} enable row level security")
    assert told == []


async def test_with_statements_that_ask_for_another_company_row_level_security_shows_nothing(
    database: Database, owner: Any, owner_dsn: str, now: datetime
) -> None:
    ours, theirs = await _two(database)
    tables = [row[0] for row in await owner.fetch(WALLED)]
    filled = [
        table
        for table in tables
        if await owner.fetchval(
            f"select exists (select from {table} where org_id = $1)", ours.org_id
        )
    ]
    assert len(filled) > 20
    async with database.pool.acquire() as connection:
        await begin(connection, theirs.org_id)
        seen = [
            table
            for table in tables
            if await _count(connection, table, ours) and table != "kernel.migration"
        ]
        # An actor of ours in a session of theirs: what a wrong filter would be.
        astray = Tx(connection, ours.actor(), now)
        listed = (await orders.list_orders(astray, Filters(), limit=50)).items
        people = await identity.list_users(astray)
        buyers = (await customers.list_customers(astray, limit=50)).items
        touched = str(
            await connection.execute(
                "update orders.order set note = 'x' where org_id = $1", ours.org_id
            )
        )
        await connection.execute("rollback")
    assert seen == []
    assert [*listed, *people, *buyers] == []
    assert touched.endswith(" 0")
    await _cannot_write(owner_dsn, ours, theirs)


async def _count(connection: Any, table: str, company: Company) -> int:
    if not await connection.fetchval("select has_table_privilege($1, 'select')", table):
        return 0
    found_rows: int = await connection.fetchval(
        f"select count(*) from {table} where org_id = $1", company.org_id
    )
    return found_rows


async def _cannot_write(owner_dsn: str, ours: Company, theirs: Company) -> None:
    connection = await asyncpg.connect(as_app(owner_dsn))
    try:
        async with connection.transaction():
            await connection.execute(f"set local app.org_id = '{theirs.org_id}'")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await connection.execute(
                    INTRUDE,
                    ours.org_id,
                )
    finally:
        await connection.close()


async def _two(database: Database) -> tuple[Company, Company]:
    now = database.clock.now()
    ours = await found(database, now, marker=MARKER)
    return ours, await found(database, now, name="Other Traders", marker="Plover")


async def _walk(app: Litestar, database: Database, ours: Company, theirs: Company) -> list[str]:
    """Every list and every page of theirs, and every record of ours by its id."""
    ids = {
        "order_id": ours.orders["rina"].id,
        "customer_id": ours.customers["rina"],
        "subject_id": ours.customers["rina"],
        "user_id": ours.people["rina"].id,
        "node_id": ours.teams["north"],
        "variant_id": ours.orders["rina"].lines[0].variant_id,
        "location_id": ours.shop.location.id,
    }
    told = []
    async with browsing(app, database, theirs, "asha") as browser:
        for route in routes(app):
            if not _is_asked(route, set(ids)):
                continue
            path = route.path.format(**ids)
            answer = await browser.get(path)
            is_told = answer.status_code == 200 and '"items":[]' not in answer.text
            if MARKER in answer.text or (route.names and is_told):
                told.append(f"{route}: {answer.status_code}")
    return told


def _is_asked(route: Route, known: set[str]) -> bool:
    return (
        route.is_read
        and rule_of(route) != PUBLIC
        and not route.path.endswith("stream")
        and set(route.names) <= known
    )
