"""Events into facts: once each, in whatever order they come, and again from the log."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import asyncpg
import pytest

from tandem.app.rebuilding import rebuild
from tandem.app.settings import Settings
from tandem.contracts.analytics import RateSet
from tandem.contracts.delivery import CashCollected
from tandem.contracts.payments import PaymentCaptured
from tandem.crm.identity import service as identity
from tandem.flows import analyse
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tests.analytics.filled import fill
from tests.analytics.givens import NOON, Counted, cancelled, confirmed, days_ago, placed

FACT_TABLES = """
    select table_name::text from information_schema.tables
     where table_schema = 'analytics' and table_name like 'fact%' and $1::uuid is not null
"""


@pytest.fixture
def company(database: Database, actor: Actor) -> Counted:
    return Counted(database, actor)


async def test_an_order_counts_once_however_often_and_late_its_events_come(
    company: Counted,
) -> None:
    order = placed(118_00, lines=[("TEA", 2, 100_00), ("MUG", 1, 18_00)])
    await company.tell(confirmed(order), at=days_ago(1))
    assert (await company.ask("orders", "revenue")).totals[1].value == 0
    await company.tell(order, at=days_ago(1) - timedelta(seconds=1))
    assert await company.count() == 0
    found = await company.ask("orders", "revenue", "units", "line_revenue", "units_sold")
    assert [cell.value for cell in found.totals] == [1, 118_00, 3, 118_00, 3]


async def test_cash_at_the_door_is_money_once(company: Counted) -> None:
    """The driver says it, and it becomes a payment: two events, one handful of notes."""
    order = placed(118_00)
    of: dict[str, Any] = {"order_id": order.order_id, "currency": "INR", "amount_minor": 118_00}
    delivery_id = new_id()
    cash = CashCollected(**of, shipment_id=new_id(), delivery_id=delivery_id, driver_id=new_id())
    paid = PaymentCaptured(
        **of,
        payment_id=new_id(),
        provider_payment_id=str(delivery_id),
        method="cash",
        captured_minor=118_00,
    )
    await company.tell(order, confirmed(order), cash, paid, at=days_ago(1))
    found = await company.ask("collected", dimensions=["kind", "method"])
    assert [(row.keys, [cell.value for cell in row.cells]) for row in found.rows] == [
        (["cash", "cash"], [118_00])
    ]


async def test_any_order_of_arrival_comes_to_the_same_facts(
    company: Counted, owner_dsn: str
) -> None:
    """Placed, confirmed, cancelled: all orders of three late events."""
    for arrival in permutations(range(3)):
        order = placed(50_00, channel="".join(map(str, arrival)))
        told = [order, confirmed(order), cancelled(order)]
        for place in arrival:
            await company.tell(told[place], at=NOON - timedelta(minutes=10 - place))
    found = await company.ask("orders_placed", "revenue", dimensions=["status"])
    assert [(row.keys, [cell.value for cell in row.cells]) for row in found.rows] == [
        (["cancelled"], [6, 0])
    ]


async def test_a_late_order_corrects_its_day_and_yesterdays_report_stays_what_it_was(
    company: Counted,
) -> None:
    """A-ANA-11."""
    first = placed(100_00)
    await company.tell(first, confirmed(first), at=days_ago(2))
    before = await company.ask("revenue", period="last_7_days", grain="day")
    company.clock.at += timedelta(hours=3)
    late = placed(40_00)
    await company.tell(late, confirmed(late), at=days_ago(2))
    after = await company.ask("revenue", period="last_7_days", grain="day")
    day = "2026-11-20"
    assert {row.keys[0]: row.cells[0].value for row in before.rows}[day] == 100_00
    assert {row.keys[0]: row.cells[0].value for row in after.rows}[day] == 140_00
    again = await company.ask("revenue", period="last_7_days", grain="day", as_of=before.as_of)
    assert again == before
    assert after.as_of > before.as_of


async def test_gathering_anew_gives_the_same_facts_with_the_same_versions(
    company: Counted, owner_dsn: str, settings: Settings
) -> None:
    """Of a random life in every kind of facts, told in any order and counted in batches. Also by
    `tandem analytics rebuild`, which knows companies by their short names."""
    await fill(company, batches=5)
    usd = placed(10_00, currency="USD")
    await company.tell(usd, confirmed(usd), at=days_ago(3))
    for change in (confirmed, cancelled):
        order = placed(70_00, lines=[("TEA", 1, 70_00)])
        await company.tell(order, at=days_ago(2))
        await company.tell(change(order), at=days_ago(1))
        company.clock.at += timedelta(minutes=1)
    await company.tell(RateSet(currency="USD", from_on=days_ago(9).date(), rate="85.5"))
    before, sums = await _everything(owner_dsn, company), await _sums(owner_dsn, company)
    async with company.database.transaction(company.actor) as tx:
        await analyse.rebuild(tx, now=company.clock.at)
    assert await _everything(owner_dsn, company) == before
    assert await _sums(owner_dsn, company) == sums
    assert len(before) > 800 and len(sums) > 300
    async with company.database.transaction(Actor.system(company.actor.org_id)) as tx:
        slug = (await identity.get_organisation(tx)).slug
    (told,) = await rebuild(settings, company=slug)
    assert told.startswith(f"{slug}: 11 steps gathered anew in ")
    assert await _everything(owner_dsn, company) == before
    assert await _sums(owner_dsn, company) == sums
    with pytest.raises(NotFound):
        await rebuild(settings, company="nobody")


async def test_a_rate_that_comes_later_turns_rows_without_money_into_money(
    company: Counted,
) -> None:
    """A-ANA-13: an amount without a rate is no number, and is said to be missing."""
    abroad = placed(100_00, currency="USD")
    home = placed(10_00)
    await company.tell(abroad, confirmed(abroad), home, confirmed(home), at=days_ago(1))
    found = await company.ask("revenue", "orders")
    assert [cell.value for cell in found.totals] == [10_00, 2]
    assert found.warnings == [
        "Orders: 1 in another currency count as rows but not as money, because no rate is known "
        "for their day."
    ]
    await company.tell(RateSet(currency="USD", from_on=days_ago(30).date(), rate="83.125"))
    rated = await company.ask("revenue", "orders")
    assert [cell.value for cell in rated.totals] == [10_00 + 8312_50, 2]
    assert rated.warnings == []


async def _everything(dsn: str, company: Counted) -> list[tuple[object, ...]]:
    """All versions of all facts, each with the table's name."""
    tables = await _rows(dsn, company, FACT_TABLES)
    found: list[tuple[object, ...]] = []
    for (name,) in tables:
        rows = await _rows(dsn, company, f"select * from analytics.{name} where org_id = $1")
        found += [(name, *row) for row in rows]
    return found


async def _sums(dsn: str, company: Counted) -> list[tuple[object, ...]]:
    """The sums by day that hold, without when they were made."""
    return await _rows(
        dsn,
        company,
        """
        select dataset, clock, on_day, d1, d2, d3, d4, d5, m1, m2, m3, m4, m5, m6, m7, m8
          from analytics.rollup where org_id = $1 and superseded_at = 'infinity'
        """,
    )


async def _rows(dsn: str, company: Counted, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(statement, company.actor.org_id)
    finally:
        await connection.close()
    return sorted((tuple(row) for row in rows), key=str)
