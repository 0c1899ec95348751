"""Reports over a million orders and five million lines: from sums by day, and from the facts."""

import asyncio
import os
import statistics
import time
from datetime import UTC, datetime

import asyncpg

from bench.filling import ID, at_once
from bench.table import Row, at_most
from bench.world import World
from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.asking import Ask, DrillAsk
from tandem.crm.analytics.domain.calendar import Grain, Period
from tandem.crm.analytics.domain.dashboards import READY
from tandem.crm.analytics.service.remembering import ANSWERS
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database

ORDERS, QUICK = int(os.environ.get("TANDEM_BENCH_ORDERS", "1000000")), 100_000
LINES = 5
"""Lines of an order."""
ROUNDS = 5
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
YEAR = Period.LAST_365_DAYS
ASKS = {
    "revenue and orders by day of a year": Ask(
        measures=["revenue", "orders"], grain=Grain.DAY, period=YEAR
    ),
    "revenue by channel against the year before": Ask(
        measures=["revenue"], dimensions=["channel"], compare="previous_year", period=YEAR
    ),
    "ten best products": Ask(measures=["line_revenue"], dimensions=["sku"], limit=10, period=YEAR),
}
LOOSE = {
    "ad hoc: buyers by month of three years": Ask(
        measures=["buyers"],
        grain=Grain.MONTH,
        from_on=datetime(2023, 11, 23, tzinfo=UTC).date(),
        to_on=NOW.date(),
    ),
    "ad hoc: ten best customers of a year": Ask(
        measures=["revenue"], dimensions=["customer"], limit=10, period=YEAR
    ),
    "ad hoc: revenue by week in another time zone": Ask(
        measures=["revenue"], grain=Grain.WEEK, zone="America/New_York", period=YEAR
    ),
}


def measure(world: World, *, orders: int = ORDERS) -> list[Row]:
    return asyncio.run(_measure(world, orders))


async def _measure(world: World, orders: int) -> list[Row]:
    await fill(world, orders)
    database = await Database.connect(world.app_dsn, size_min=1, size_max=4)
    actor = Actor.system(world.company.org_id)
    size = f"{orders:,} orders"
    rows = []
    for name, ask in ASKS.items():
        took = await _median(database, actor, [ask])
        rows.append(at_most(f"{name}, {size}", took, 300, unit=" ms", budget="< 300 ms"))
    tiles = [of_year(tile.query) for tile in READY["sales"].tiles]
    took = await _median(database, actor, tiles)
    rows.append(Row(f"the sales dashboard, {len(tiles)} tiles of a year", f"{took:.0f} ms"))
    for name, ask in LOOSE.items():
        took = await _median(database, actor, [ask])
        rows.append(at_most(name, took / 1000, 2, unit=" s", budget="< 2 s"))
    rows.append(await _open(database, actor))
    await database.close()
    return rows


def of_year(ask: Ask) -> Ask:
    return Ask(
        measures=ask.measures,
        dimensions=ask.dimensions,
        grain=ask.grain,
        limit=ask.limit,
        period=Period.LAST_365_DAYS,
    )


async def _median(database: Database, actor: Actor, asks: list[Ask]) -> float:
    """Milliseconds for all of them in one transaction, as a page asks."""
    times = []
    for _ in range(ROUNDS):
        ANSWERS.clear()
        begun = time.perf_counter()
        async with database.transaction(actor) as tx:
            for ask in asks:
                await analytics.run(tx, ask, NOW)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


async def _open(database: Database, actor: Actor) -> Row:
    wanted = DrillAsk(query=Ask(measures=["revenue"], period=YEAR), measure="revenue")
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        async with database.transaction(actor) as tx:
            await analytics.drill(tx, wanted, limit=50, cursor=None, now=NOW)
        times.append(time.perf_counter() - begun)
    took = statistics.median(times)
    return at_most("a year's revenue opened into its rows", took, 2, unit=" s", budget="< 2 s")


async def fill(world: World, orders: int) -> None:
    """Three years of facts as the digest would have left them, and the sums by day of them."""
    connection = await asyncpg.connect(world.owner_dsn, command_timeout=900)
    org_id = world.company.org_id
    await connection.execute(MARK, org_id, NOW)
    if await connection.fetchval("select count(*) from analytics.fact_order"):
        await connection.close()
        return
    async with at_once(connection, "analytics", ("fact_order", "fact_order_line")):
        await connection.execute(FACTS, org_id, orders, NOW)
        await connection.execute(LINE_FACTS, org_id, LINES)
    await connection.close()
    database = await Database.connect(world.app_dsn, size_min=1, size_max=2)
    async with database.transaction(Actor.system(org_id)) as tx:
        await analytics.roll_everything(tx, NOW)
    await database.close()
    connection = await asyncpg.connect(world.owner_dsn, command_timeout=900)
    await connection.execute("vacuum analyze analytics.rollup")
    await connection.close()


MARK = """
insert into analytics.watermark (org_id, at, zone, currency)
values ($1, $2, 'Asia/Kolkata', 'INR')
    on conflict (org_id) do update set at = excluded.at
"""
FACTS = f"""
insert into analytics.fact_order
       (org_id, id, key, recorded_at, at, on_day, number, customer_id, channel, status,
        payment_method, state_code, currency, units, total_minor, total_base, tax_base,
        discount_base, paid_base, refunded_base)
select $1, {ID.format("n")}, 'bench-' || n, $3, at, (at at time zone 'Asia/Kolkata')::date,
       'B-' || n, {ID.format("n % 50000")},
       (array['web', 'shop', 'app'])[1 + n % 3],
       (array['completed', 'completed', 'completed', 'confirmed', 'cancelled'])[1 + n % 5],
       (array['prepaid', 'cod'])[1 + n % 2], (array['29', '27', '07', '33'])[1 + n % 4], 'INR',
       5, 50000 + n % 9000, 50000 + n % 9000, 7600, 0, 50000, 0
  from (select n, $3::timestamptz - (n::float8 / $2) * interval '1094 days' as at
          from generate_series(1, $2::int) as n) as made
"""
LINE_FACTS = f"""
insert into analytics.fact_order_line
       (org_id, id, key, recorded_at, at, on_day, order_id, number, customer_id, variant_id, sku,
        channel, status, state_code, currency, quantity, total_base, taxable_base)
select o.org_id, {ID.format("row_number() over ()")}, o.key, o.recorded_at, o.at, o.on_day, o.id,
       o.number, o.customer_id, o.id, 'SKU-' || (abs(hashtext(o.number || line)) % 400), o.channel,
       o.status, o.state_code, o.currency, 1, o.total_base / 5, o.total_base / 6
  from analytics.fact_order o, generate_series(1, $2::int) as line
 where o.org_id = $1
"""
