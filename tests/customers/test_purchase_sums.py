"""Rules ask kept sums of orders, and find just whom adding up every order would find."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tandem.app.rebuilding import recount
from tandem.app.settings import Settings
from tandem.contracts.orders import OrderCancelled, OrderCompleted, OrderExpired, OrderPlaced
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.crm.customers import handlers, jobs, service
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.events import Event, subscription
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.kernel.rules import Moment

ADDED_UP = Query(
    """
    select c.id,
           count(p.*) filter (where p.status in ('placed', 'completed')) as orders,
           count(p.*) filter (where p.status in ('placed', 'completed')
                                and p.placed_at <= :now) as known,
           coalesce(sum(p.paid_minor - p.refunded_minor), 0) / 100.0 as spent,
           max(p.placed_at) filter (where p.status in ('placed', 'completed')) as last_at
      from customers.customer c
      left join customers.purchase p on p.org_id = :org_id and p.customer_id = c.id
     where c.org_id = :org_id and c.merged_into_id is null and c.erased_at is null
     group by c.id
     order by c.id
    """
)
WAITING = Query("select count(*) from customers.purchase_unsummed where org_id = :org_id")
KEPT = Query("select count(*) from customers.purchase_sum where org_id = :org_id")
Step = Callable[[], Awaitable[None]]


class Town:
    """Some customers, and whatever may happen to them and their orders, in any order."""

    def __init__(self, database: Database, actor: Actor, now: datetime, seed: int) -> None:
        self.database, self.actor, self.now = database, Actor.system(actor.org_id), now
        self.random = random.Random(seed)
        self.ids: list[UUID] = []

    async def settle(self, count: int) -> None:
        drafts = [CustomerDraft(name=f"P{n}", phone=f"+9198450{n:05}") for n in range(count)]
        async with self.database.transaction(self.actor) as tx:
            found = await service.find_or_add(tx, drafts, now=self.now)
        self.ids = [one.id for one in found]

    def news(self, number: int) -> list[tuple[Event, datetime]]:
        """What is told of one order, some of it twice; one in three is of tomorrow."""
        order_id, payment_id = uuid4(), uuid4()
        at = self.now + timedelta(days=self.random.choice((-400, -20, 1)), minutes=number)
        paid, back = number * 100, self.random.choice((0, number * 30))
        told: list[Event] = [
            OrderPlaced(order_id=order_id, number=f"SO-{number}", currency="INR", total_minor=paid,
                        customer_id=self.random.choice(self.ids), payment_method="prepaid",
                        promised_on=None, expires_at=None),
            PaymentCaptured(order_id=order_id, payment_id=payment_id, provider_payment_id="p",
                            method="upi", amount_minor=paid, captured_minor=paid, currency="INR"),
            RefundProcessed(order_id=order_id, refund_id=uuid4(), payment_id=payment_id,
                            amount_minor=back, refunded_minor=back, currency="INR"),
            self.random.choice((
                OrderCompleted(order_id=order_id, number=f"SO-{number}"),
                OrderCancelled(order_id=order_id, number=f"SO-{number}", reason="x"),
                OrderExpired(order_id=order_id, number=f"SO-{number}"),
            )),
        ]  # fmt: skip
        return [(event, at) for event in told for _ in range(self.random.choice((1, 2)))]

    async def tell(self, event: Event, at: datetime) -> None:
        found = subscription(event.topic, handlers.TIMELINE)
        assert found
        async with self.database.transaction(self.actor) as tx:
            await found.handle(tx, event, at)

    async def sum_up(self) -> None:
        await jobs.sum_purchases(Work(self.database, Resources(), self.actor.org_id))

    async def merge(self, *, is_undone: bool) -> None:
        survivor, loser = self.ids[:2]
        async with self.database.transaction(self.actor) as tx:
            merge = await service.merge(tx, survivor, loser, now=self.now)
        await self.sum_up()
        if is_undone:
            async with self.database.transaction(self.actor) as tx:
                await service.undo_merge(tx, merge.id, now=self.now)

    async def erase(self) -> None:
        async with self.database.transaction(self.actor) as tx:
            await service.erase_person(tx, self.ids[2], cause_id=uuid4(), now=self.now)

    async def check(self) -> None:
        """Each rule finds whom the orders, added up by hand, say."""
        async with self.database.transaction(self.actor) as tx:
            rows = await tx.records(ADDED_UP, now=self.now)
            for rule, fits in RULES:
                shown = await service.preview(tx, rule, Moment(now=self.now))
                expected = [row["id"] for row in rows if fits(row, self.now)]
                assert [one.id for one in shown.sample] == expected, rule
                assert shown.count == len(expected), rule

    async def count(self, query: Query) -> int:
        async with self.database.transaction(self.actor) as tx:
            return int(await tx.value(query))


ONCE = {"event": "order_placed"}
RULES: list[tuple[dict[str, Any], Callable[[Any, datetime], bool]]] = [
    ({"field": "order_count", "op": "gte", "value": 2}, lambda row, _: row["orders"] >= 2),
    ({"field": "order_count", "op": "lt", "value": 2}, lambda row, _: row["orders"] < 2),
    ({"field": "order_count", "op": "is", "value": 0}, lambda row, _: row["orders"] == 0),
    ({"field": "order_count", "op": "between", "value": [0, 1]}, lambda row, _: row["orders"] < 2),
    ({"field": "spent", "op": "gt", "value": 7}, lambda row, _: row["spent"] > 7),
    ({"field": "spent", "op": "in", "value": [0, 5]}, lambda row, _: row["spent"] in (0, 5)),
    ({"field": "last_order_at", "op": "set"}, lambda row, _: row["last_at"] is not None),
    ({"field": "first_order_at", "op": "unset"}, lambda row, _: row["last_at"] is None),
    (ONCE, lambda row, _: row["known"] >= 1),
    ({**ONCE, "count": {"op": "gte", "n": 2}}, lambda row, _: row["known"] >= 2),
    ({**ONCE, "count": {"op": "is", "n": 1}}, lambda row, _: row["known"] == 1),
    ({**ONCE, "count": {"op": "lte", "n": 1}}, lambda row, _: row["known"] <= 1),
    ({"not": ONCE}, lambda row, _: row["known"] == 0),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
async def test_kept_sums_say_what_all_orders_say_whatever_is_told_when(
    database: Database, actor: Actor, now: datetime, seed: int
) -> None:
    town = Town(database, actor, now, seed)
    await town.settle(6)
    news = [one for number in range(1, 10) for one in town.news(number)]
    town.random.shuffle(news)
    odd: dict[int, Step] = {
        7: town.sum_up,
        15: lambda: town.merge(is_undone=seed % 2 == 0),
        20: town.erase,
        25: town.sum_up,
    }
    for place, (event, at) in enumerate(news):
        await town.tell(event, at)
        if place in odd:
            await odd[place]()
            await town.check()
    await town.check()
    await town.sum_up()
    assert await town.count(WAITING) == 0
    await town.check()


async def test_everybody_is_summed_anew_on_demand_and_a_sum_without_orders_goes(
    database: Database, actor: Actor, now: datetime, settings: Settings
) -> None:
    town = Town(database, actor, now, 2)
    await town.settle(3)
    for number in range(1, 13):
        for event, at in town.news(number):
            await town.tell(event, at)
    await town.sum_up()
    buyers = await town.count(KEPT)
    await town.merge(is_undone=False)
    merged = await town.count(KEPT)
    assert (buyers, merged) == (3, 2)

    async with database.transaction(town.actor) as tx:
        assert await service.sum_all_again(tx) == merged
        slug = (await identity.get_organisation(tx)).slug
    assert await town.count(WAITING) == merged
    await town.check()
    (told,) = await recount(settings, company=slug)
    assert told.startswith(f"{slug}: orders of {merged} buyers summed anew in ")
    assert (await town.count(WAITING), await town.count(KEPT)) == (0, merged)
    await town.check()
