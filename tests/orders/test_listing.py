"""The statements behind the list of orders: each is sound, and reads an index, not the table."""

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tandem.app.settings import Settings
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, begin
from tandem.scm.orders.store.listing import CONDITIONS, listing

MANY = 20_000

FILL = """
insert into orders.order
       (org_id, id, number, public_token, customer_id, customer_name, channel, currency,
        payment_method, status, payment_status, fulfilment_status, ship_to, bill_to,
        place_of_supply, discount_minor, taxable_minor, tax_minor, total_minor, placed_at,
        updated_at)
select $1, gen_random_uuid(), 'SO-' || n, 't' || n, gen_random_uuid(), 'x',
       case when n % 100 = 3 then 'fair' else 'web' end, 'INR', 'cod',
       case when n % 100 = 0 then 'cancelled' else 'draft' end,
       case when n % 100 = 1 then 'voided' else 'none' end,
       case when n % 100 = 2 then 'shipped' else 'unfulfilled' end,
       '{}', '{}', '29', 0, 1, 0, 1, timestamptz '2020-01-01' + n * interval '1 minute', now()
  from generate_series(1, $2::int) as n
"""

VALUES: dict[str, Any] = {
    "status": "cancelled",
    "payment_status": "voided",
    "fulfilment_status": "shipped",
    "channel": "fair",
    "customer_id": UUID(int=1),
    "number_from": "SO-1",
    "number_before": "SO-2",
    "customer_ids": [UUID(int=1)],
    "order_ids": [UUID(int=1)],
    "after_id": UUID(int=1),
    "limit": 51,
}


def statements() -> Iterator[Query]:
    for size in range(len(CONDITIONS) + 1):
        for names in itertools.combinations(CONDITIONS, size):
            for is_search, is_later in itertools.product((False, True), repeat=2):
                yield listing(names, "-placed_at", is_search=is_search, is_later_page=is_later)
                yield listing(names, "placed_at", is_search=is_search, is_later_page=is_later)


async def test_every_combination_of_filters_is_a_sound_statement(owner_dsn: str) -> None:
    """They are made when first asked for, so the test that prepares all statements misses them."""
    connection = await asyncpg.connect(owner_dsn, statement_cache_size=0)
    count = 0
    for query in statements():
        await connection.prepare(query.sql)
        assert "org_id" in query.names
        count += 1
    await connection.close()
    assert count == 8 * 2 ** len(CONDITIONS)


@pytest.mark.parametrize(
    ("names", "index"),
    [
        ((), "order_by_time"),
        (("status",), "order_by_status"),
        (("payment_status",), "order_by_payment"),
        (("fulfilment_status",), "order_by_fulfilment"),
        (("customer_id",), "order_by_customer"),
        (("channel",), "order_by_channel"),
        (("is_on_hold",), "order_on_hold"),
    ],
)
async def test_a_page_walks_the_index_of_its_filter_without_sorting(
    settings: Settings,
    database: Database,
    actor: Actor,
    owner_dsn: str,
    names: tuple[str, ...],
    index: str,
) -> None:
    """As the app's role, behind row-level security, with the generic plans it runs with."""
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute(FILL, actor.org_id, MANY)
    await owner.execute("analyze orders.order")
    query = listing(names, "-placed_at", is_search=False, is_later_page=False)

    async with database.pool.acquire() as connection:
        await begin(connection, actor.org_id)
        values = [VALUES.get(name, actor.org_id) for name in query.names]
        rows = await connection.fetch(f"explain {query.sql}", *values)
        await connection.execute("rollback")
    await owner.execute("delete from orders.order where org_id = $1", actor.org_id)
    await owner.close()

    plan = "\n".join(row[0] for row in rows)
    assert f"using {index}" in plan, plan
    assert "Sort" not in plan, plan
