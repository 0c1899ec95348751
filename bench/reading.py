"""Reading: one order with its lines, and pages of fifty as the table grows to a million."""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec

from bench import cpu, load, placing
from bench.table import Row, at_most
from bench.world import World
from tandem.kernel.pages import encode_cursor

CLIENTS = 16
SMALL, LARGE = 10_000, 1_000_000
PAGES = {
    "newest 50": "/v1/orders?limit=50",
    "one status": "/v1/orders?limit=50&status=cancelled",
    "two filters": "/v1/orders?limit=50&payment_status=paid&channel=shop",
    "a number": "/v1/orders?limit=50&q=OLD-0000005000",
    "a number's beginning": "/v1/orders?limit=50&q=OLD-00000",
    "in the middle": "/v1/orders?limit=50&cursor={cursor}",
}


class Cost(msgspec.Struct, frozen=True):
    p50_ms: float
    cpu_ms: float


def measure(world: World, *, count: int, large: int = LARGE) -> list[Row]:
    """Both sizes in one table: the large one is filled on top of the small one."""
    asyncio.run(placing.prepare(world))
    placing.place(world, key=0, count=500, run=200)
    rows = [_read_one(world, count)]
    small = _pages(world, SMALL, count, key=22)
    big = _pages(world, large, count, key=23)
    for name in PAGES:
        rows.append(
            Row(
                f"list 50, {name}",
                f"{small[name].p50_ms:.1f} ms at 10 k, {big[name].p50_ms:.1f} ms at {large:,}",
            )
        )
    rows.append(
        at_most(
            f"list 50 of {large:,}, CPU",
            big["newest 50"].cpu_ms,
            0.5,
            unit=" ms",
            budget="<= 0.5 ms",
        )
    )
    rows += [
        at_most(
            f"  {name}: {large:,} against 10 k",
            big[name].cpu_ms / small[name].cpu_ms,
            1.5,
            unit="x",
            budget="flat",
        )
        for name in PAGES
    ]
    return rows


def _read_one(world: World, count: int) -> Row:
    ids = asyncio.run(_column(world, "select id from orders.order limit 500"))
    cost = _get(world, [f"/v1/orders/{one}" for one in ids], count, key=21)
    return at_most(
        "read one order with its lines, CPU", cost.cpu_ms, 0.5, unit=" ms", budget="<= 0.5 ms"
    )


def _pages(world: World, size: int, count: int, *, key: int) -> dict[str, Cost]:
    asyncio.run(_fill(world, size))
    cursor = asyncio.run(_middle(world))
    return {
        name: _get(world, [path.format(cursor=cursor)], count, key=key)
        for name, path in PAGES.items()
    }


def _get(world: World, paths: Sequence[str], count: int, *, key: int) -> Cost:
    credential = world.company.keys[key]
    plan = load.Plan(
        host="127.0.0.1",
        port=world.port,
        connections=CLIENTS,
        requests=[
            f"GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {credential}\r\n\r\n"
            for path in paths
        ],
        count=count,
    )
    before = cpu.seconds_of(world.web) + cpu.family_seconds(world.postmaster)
    result = load.run(plan)
    spent = cpu.seconds_of(world.web) + cpu.family_seconds(world.postmaster) - before
    assert result.statuses == {"200": count}, result.statuses
    return Cost(result.percentile(0.5) * 1000, spent / count * 1000)


async def _middle(world: World) -> str:
    """The cursor of the page in the middle of the table, as the suite itself would give it."""
    connection = await asyncpg.connect(world.owner_dsn)
    half = await connection.fetchval("select count(*) / 2 from orders.order")
    row = await connection.fetchrow(
        "select placed_at, id from orders.order order by placed_at desc, id desc offset $1 limit 1",
        half,
    )
    await connection.close()
    assert row is not None, "the table was filled a moment ago"
    return encode_cursor(row["placed_at"], row["id"])


async def _column(world: World, query: str) -> list[str]:
    connection = await asyncpg.connect(world.owner_dsn)
    found = [str(row[0]) for row in await connection.fetch(query)]
    await connection.close()
    return found


async def _fill(world: World, size: int) -> None:
    """Old orders of many customers and every status, copied from one that was placed."""
    connection = await asyncpg.connect(world.owner_dsn, command_timeout=600)
    have = await connection.fetchval("select count(*) from orders.order where number ~ '^OLD-'")
    await connection.execute(FILL, have + 1, size)
    await connection.execute("vacuum analyze orders.order")
    await connection.close()


FILL = """
insert into orders.order
       (org_id, id, number, public_token, customer_id, customer_name, channel, currency,
        payment_method, status, payment_status, fulfilment_status, ship_to, bill_to,
        place_of_supply, discount_minor, taxable_minor, tax_minor, total_minor, paid_minor,
        placed_at, updated_at)
select o.org_id, gen_random_uuid(), 'OLD-' || lpad(n::text, 10, '0'), 'old-' || n,
       (select id from bench_buyer where bench_buyer.n = 1 + old.n % 500), 'Buyer',
       (array['web', 'shop', 'app'])[1 + n % 3], 'INR', 'cod',
       case when n % 50 = 0 then 'cancelled' else 'completed' end,
       case when n % 7 = 0 then 'none' else 'paid' end,
       case when n % 50 = 0 then 'unfulfilled' else 'delivered' end,
       o.ship_to, o.bill_to, '29', 0, 100 + n, 0, 100 + n, 0,
       timestamptz '2020-01-01' + n * interval '1 minute', now()
  from generate_series($1::int, $2::int) as old (n),
       (select * from orders.order where number ~ '^SO-' limit 1) as o
"""
