"""What buyers are worth, from their orders as the product keeps them."""

import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2 as httpx

from tandem.contracts.orders import OrderCancelled, OrderPlaced
from tandem.crm.customers import handlers, service
from tandem.crm.customers.domain import CustomerDraft
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id


async def order(tx: Tx, customer_id: UUID, at: datetime, rupees: int, *, kept: bool = True) -> None:
    order_id = new_id()
    placed = OrderPlaced(
        order_id=order_id, number="SO", customer_id=customer_id, payment_method="cod",
        currency="INR", total_minor=rupees * 100, promised_on=None, expires_at=None,
    )  # fmt: skip
    await handlers.order_placed(tx, placed, at)
    if not kept:
        cancelled = OrderCancelled(order_id=order_id, number="SO", reason="")
        await handlers.order_cancelled(tx, cancelled, at)


async def people(tx: Tx, count: int, now: datetime) -> list[UUID]:
    drafts = [CustomerDraft(name=f"P{n}", phone=f"+9198450{n:05}") for n in range(count)]
    return [one.id for one in await service.find_or_add(tx, drafts, now=now)]


async def test_buyers_are_ranked_by_fifths_and_expected_of(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        ids = await people(tx, 100, now)
        for place, customer_id in enumerate(ids[:99]):
            for again in range(1 + place % 10):
                at = now - timedelta(days=300 - place - again * 20)
                await order(tx, customer_id, at, 100 + place)
        await order(tx, ids[99], now, 100, kept=False)
        assert await service.is_due(tx, now)
        assert await service.refresh_metrics(tx, now=now) == 99
        assert not await service.is_due(tx, now + timedelta(hours=19))

    never = (await client.get(f"/v1/customers/{ids[99]}/metrics")).json()
    assert never == {"metric": None}
    best = (await client.get(f"/v1/customers/{ids[89]}/metrics")).json()["metric"]
    assert (best["frequency"], best["monetary_minor"]) == (10, 10 * 189_00)
    assert (best["r"], best["f"], best["m"], best["rfm_segment"]) == (5, 5, 5, "champions")
    assert 0 < best["p_alive"] <= 1
    assert best["expected_orders"] > 1
    assert best["expected_minor"] > 189_00
    rule = {"field": "rfm_segment", "op": "is", "value": "champions"}
    shown = (await client.post("/v1/segments/preview", json={"rule": rule})).json()
    assert shown["count"] >= 1


async def test_cohorts_count_who_came_back_and_leave_cancelled_orders_out(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        first, second, third = await people(tx, 3, now)
        # Half past midnight of 1 October in India is still September in UTC.
        edge = datetime.fromisoformat("2026-09-30T19:00:00+00:00")
        await order(tx, first, edge, 100)
        await order(tx, second, edge, 100)
        await order(tx, first, edge + timedelta(days=40), 100)
        await order(tx, second, edge + timedelta(days=40), 100, kept=False)
        await order(tx, third, edge + timedelta(days=40), 100)
    cells = (await client.get("/v1/customer-cohorts")).json()
    assert [(one["month"], one["months_later"], one["customers"]) for one in cells] == [
        ("2026-10-01", 0, 2),
        ("2026-10-01", 1, 1),
        ("2026-11-01", 0, 1),
    ]


async def test_figures_and_cohorts_are_those_counted_by_hand(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Some hundreds of orders by chance, a tenth of them cancelled, against plain Python."""
    chance = random.Random(20261122)
    india = ZoneInfo("Asia/Kolkata")
    bought: dict[UUID, list[tuple[datetime, int]]] = {}
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        ids = await people(tx, 40, now)
        for _ in range(400):
            customer_id, rupees = chance.choice(ids), chance.randint(1, 900)
            at = now - timedelta(minutes=chance.randint(0, 400 * 24 * 60))
            kept = chance.random() > 0.1
            await order(tx, customer_id, at, rupees, kept=kept)
            if kept:
                bought.setdefault(customer_id, []).append((at, rupees * 100))
        assert await service.refresh_metrics(tx, now=now) == len(bought)
        found = {one: await service.find_metric(tx, one) for one in bought}
    for customer_id, orders in bought.items():
        metric = found[customer_id]
        assert metric is not None
        last = max(at for at, _ in orders).astimezone(india).date()
        assert metric.recency_days == (now.astimezone(india).date() - last).days
        assert (metric.frequency, metric.monetary_minor) == (
            len(orders),
            sum(minor for _, minor in orders),
        )
    months = {
        customer_id: {(at.astimezone(india).year, at.astimezone(india).month) for at, _ in orders}
        for customer_id, orders in bought.items()
    }
    cells = Counter(
        (f"{min(seen)[0]}-{min(seen)[1]:02}-01", 12 * (y - min(seen)[0]) + m - min(seen)[1])
        for seen in months.values()
        for y, m in seen
    )
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        told = await service.list_cohorts(tx, zone=india.key, today=now.date())
    assert {(str(one.month), one.months_later): one.customers for one in told} == cells
