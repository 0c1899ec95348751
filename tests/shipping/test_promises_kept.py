"""What became of the promise: the first one stays, and moving it is told."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.shipping import service
from tests.shipping.givens import AT_BENGALURU, order
from tests.shipping.shipped import FORGE, ship, told


async def test_the_first_promise_is_the_orders_and_nobody_can_rewrite_it(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order(promised_on=date(2026, 12, 4)))
    assert (made.promised_first_on, made.promised_on) == (date(2026, 12, 4),) * 2
    with pytest.raises(asyncpg.RestrictViolationError):
        async with database.transaction(actor) as tx:
            await tx.run(FORGE)


async def test_an_order_paid_late_says_at_once_that_it_comes_later(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    """Promised for Tuesday, released on Sunday: accepted Monday, there on Wednesday at best."""
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    made = await ship(database, actor, now, order(promised_on=date(2026, 11, 24)))
    assert (made.promised_first_on, made.promised_on) == (date(2026, 11, 24), date(2026, 11, 25))
    rows = (await client.get(f"/v1/shipments/{made.id}/promise-revisions")).json()["items"]
    assert [(row["promised_on"], row["cause"]) for row in rows] == [
        ("2026-11-24", "promised at purchase"),
        ("2026-11-25", "released later than promised"),
    ]


async def test_an_order_without_a_promise_gets_the_one_of_its_purchase(
    database: Database, actor: Actor
) -> None:
    placed = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
    made = await ship(database, actor, placed, order(promised_on=None, placed_at=placed))
    assert made.promised_first_on == date(2026, 11, 28)  # from nowhere known: zone D


async def test_staff_promise_another_day_with_its_cause(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    now = database.clock.now()
    day = (now + timedelta(days=20)).date()
    day += timedelta(days=1) if day.isoweekday() == 7 else timedelta()
    if (day.month, day.day) in {(1, 26), (8, 15), (10, 2)}:
        day += timedelta(days=1 if day.isoweekday() < 6 else 2)
    made = await ship(database, actor, now, order(promised_on=now.date(), placed_at=now))
    body = {"promised_on": day.isoformat(), "cause": "the river has risen"}
    answer = await client.post(f"/v1/shipments/{made.id}/promise-revisions", json=body)
    assert (answer.status_code, answer.json()["promised_on"]) == (201, day.isoformat())
    assert answer.json()["promised_first_on"] == now.date().isoformat()
    last = (await told(database, actor))[-1]
    assert (last["topic"], last["current_on"], last["cause"]) == (
        "shipping.promise_revised.v1", day.isoformat(), "the river has risen",
    )  # fmt: skip
    for wrong in ("2020-01-01", "9999-12-30"):
        body = {"promised_on": wrong, "cause": "x"}
        refused = await client.post(f"/v1/shipments/{made.id}/promise-revisions", json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, "promised_on")


async def test_a_promise_that_was_not_kept_is_moved_openly_once_a_day(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order(promised_on=date(2026, 11, 26)))
    saturday = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
    for _ in range(2):
        async with database.transaction(actor) as tx:
            await service.revise_overdue(tx, now=saturday)
    async with database.transaction(actor) as tx:
        rows = await service.list_revisions(tx, made.id)
        assert await service.revise_overdue(tx, now=saturday + timedelta(days=1)) == 1
        after = await service.list_revisions(tx, made.id)
    assert [row.promised_on for row in rows] == [date(2026, 11, 26), date(2026, 11, 28)]
    assert after[-1].promised_on == date(2026, 11, 30)
