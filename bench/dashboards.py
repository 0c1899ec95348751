"""Dashboards, funnels and cohorts over a million orders: answered anew, and from what is kept."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg

from bench import reports
from bench.filling import ID, at_once
from bench.reports import NOW, ROUNDS, YEAR
from bench.table import Row, at_most
from bench.world import World
from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.calendar import Grain, Period
from tandem.crm.analytics.domain.dashboards import READY
from tandem.crm.analytics.domain.funnels import Exclusion, FunnelAsk
from tandem.crm.analytics.domain.happenings import Chosen
from tandem.crm.analytics.domain.retention import RetentionAsk, StickinessAsk
from tandem.crm.analytics.service.remembering import ANSWERS
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx

Asking = Callable[[Tx], Awaitable[object]]
STEPS = [Chosen(event=one) for one in ("order_placed", "order_confirmed", "order_delivered")]
QUARTER = Period.LAST_90_DAYS


def measure(world: World, *, orders: int = reports.ORDERS) -> list[Row]:
    return asyncio.run(_measure(world, orders))


async def _measure(world: World, orders: int) -> list[Row]:
    await reports.fill(world, orders)
    await _fill_moments(world)
    database = await Database.connect(world.app_dsn, size_min=1, size_max=4)
    actor = Actor.system(world.company.org_id)
    rows = []
    for key, ready in READY.items():
        took = await _median(database, actor, _tiles(key))
        work = f"dashboard {key}, {len(ready.tiles)} tiles of a year, {orders:,} orders"
        rows.append(at_most(work, took, 1500, unit=" ms", budget="< 1.5 s"))
    kept = await _median(database, actor, _tiles("sales"), is_new=False)
    rows.append(at_most("dashboard sales, kept answers", kept, 50, unit=" ms", budget="< 50 ms"))
    for name, asking in _ASKED.items():
        took = await _median(database, actor, asking)
        rows.append(at_most(name, took / 1000, 3, unit=" s", budget="< 3 s"))
    await database.close()
    return rows


def _tiles(key: str) -> Asking:
    asks = [reports.of_year(tile.query) for tile in READY[key].tiles]

    async def ask_all(tx: Tx) -> None:
        for ask in asks:
            await analytics.run(tx, ask, NOW)

    return ask_all


def _funnel(**more: object) -> Asking:
    ask = FunnelAsk(**({"steps": STEPS, "period": QUARTER} | more))  # type: ignore[arg-type]
    return lambda tx: analytics.run_funnel(tx, ask, NOW)


def _cohorts(tx: Tx) -> Awaitable[object]:
    ask = RetentionAsk(begins=STEPS[0], returns=STEPS[0], grain=Grain.MONTH, period=YEAR)
    return analytics.run_retention(tx, ask, NOW)


def _often(tx: Tx) -> Awaitable[object]:
    ask = StickinessAsk(happening=STEPS[0], grain=Grain.MONTH, period=YEAR)
    return analytics.run_stickiness(tx, ask, NOW)


_REFUNDED = Exclusion(happening=Chosen(event="order_cancelled"))
_ASKED: dict[str, Asking] = {
    "funnel of three steps, runs of 90 days": _funnel(),
    "the same, by state, without cancelled": _funnel(breakdown="state", exclusions=[_REFUNDED]),
    "the same in any order": _funnel(order="any"),
    "strictly": _funnel(order="strict"),
    "cohorts by month of a year, first ever": _cohorts,
    "in how many months of a year people order": _often,
}


async def _median(
    database: Database, actor: Actor, asking: Asking, *, is_new: bool = True
) -> float:
    """Milliseconds in one transaction; `is_new` forgets kept answers before each round."""
    times = []
    for _ in range(ROUNDS):
        if is_new:
            ANSWERS.clear()
        begun = time.perf_counter()
        async with database.transaction(actor) as tx:
            await asking(tx)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


async def _fill_moments(world: World) -> None:
    """What happened to the orders' people: placed, confirmed, delivered or cancelled."""
    connection = await asyncpg.connect(world.owner_dsn, command_timeout=900)
    async with at_once(connection, "analytics", ("fact_moment",)):
        await connection.execute(MOMENTS, world.company.org_id)
    await connection.close()


MOMENTS = f"""
insert into analytics.fact_moment
       (org_id, id, key, recorded_at, at, on_day, kind, holds, customer_id, record_id, channel,
        source, campaign, state_code, stage, status)
select o.org_id, {ID.format("row_number() over ()")}, o.key, o.recorded_at, o.at + later,
       ((o.at + later) at time zone 'Asia/Kolkata')::date, kind, true, o.customer_id, o.id,
       o.channel, '', '', o.state_code, '', o.status
  from analytics.fact_order o
  join (values ('order_placed', interval '0', '{{completed,confirmed,cancelled}}'::text[]),
               ('order_confirmed', interval '10 minutes', '{{completed,confirmed}}'),
               ('order_delivered', interval '3 days', '{{completed}}'),
               ('order_cancelled', interval '1 day', '{{cancelled}}')) as made (kind, later, those)
    on o.status = any(those)
 where o.org_id = $1
"""
