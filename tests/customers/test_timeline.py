"""One line for whatever happened, once, in whatever order it was told."""

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from tandem.contracts.delivery import CashCollected, DeliveryStatusChanged
from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import OrderCancelled, OrderCompleted, OrderConfirmed, OrderPlaced
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.contracts.support import ComplaintOpened
from tandem.crm.customers import handlers, service
from tandem.crm.customers.domain import NewCustomer
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.events import Event, subscription
from tests.givens import api_key_of

TIMELINE = handlers.TIMELINE


async def tell(database: Database, actor: Actor, events: list[Event], now: datetime) -> None:
    """As the relay does: each event in a transaction of its own, by the subscription's handler."""
    for event in events:
        found = subscription(event.topic, TIMELINE)
        assert found
        async with database.transaction(Actor.system(actor.org_id)) as tx:
            await found.take(tx, [event], now)


async def add(database: Database, actor: Actor, now: datetime) -> UUID:
    async with database.transaction(actor) as tx:
        return (await service.add_customer(tx, NewCustomer(name="Asha"), now=now)).id


def life(customer_id: UUID, order_id: UUID, now: datetime) -> list[Event]:
    payment_id = uuid4()
    return [
        OrderPlaced(order_id=order_id, number="SO-1", customer_id=customer_id,
                    payment_method="prepaid", currency="INR", total_minor=1180_00,
                    promised_on=None, expires_at=None),
        OrderConfirmed(order_id=order_id, number="SO-1", payment_method="prepaid",
                       total_minor=1180_00),
        PaymentCaptured(order_id=order_id, payment_id=payment_id, provider_payment_id="pay_1",
                        method="upi", amount_minor=1180_00, captured_minor=1180_00,
                        currency="INR"),
        InvoiceIssued(order_id=order_id, invoice_id=uuid4(), number="INV-1",
                      total_minor=1180_00, currency="INR"),
        DeliveryStatusChanged(order_id=order_id, shipment_id=uuid4(), delivery_id=uuid4(),
                              status="delivered", occurred_at=now + timedelta(days=2)),
        OrderCompleted(order_id=order_id, number="SO-1"),
        RefundProcessed(order_id=order_id, refund_id=uuid4(), payment_id=payment_id,
                        amount_minor=180_00, refunded_minor=180_00, currency="INR"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_told_twice_and_in_any_order_the_timeline_and_the_sums_are_the_same(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime, seed: int
) -> None:
    assert subscription(CashCollected.topic, TIMELINE) is None, "its payment is told of already"
    customer_id = await add(database, actor, now)
    events = life(customer_id, uuid4(), now) * 2
    random.Random(seed).shuffle(events)

    await tell(database, actor, events, now)

    at = f"/v1/customers/{customer_id}"
    lines = (await client.get(f"{at}/timeline")).json()["items"]
    assert sorted(line["kind"] for line in lines) == [
        "delivery_moved",
        "invoice_issued",
        "order_completed",
        "order_confirmed",
        "order_placed",
        "payment_captured",
        "refund_processed",
    ]
    assert lines[0]["kind"] == "delivery_moved"
    assert [(p["number"], p["status"]) for p in (await client.get(f"{at}/purchases")).json()] == [
        ("SO-1", "completed")
    ]
    summary = (await client.get(f"{at}/summary")).json()
    assert (summary["orders"], summary["ordered_minor"]) == (1, 1180_00)
    assert (summary["paid_minor"], summary["refunded_minor"]) == (1180_00, 180_00)


async def test_a_cancelled_order_counts_apart_and_a_complaint_needs_no_order(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    customer_id, order_id = await add(database, actor, now), uuid4()
    cancelled = OrderCancelled(order_id=order_id, number="SO-2", reason="Changed their mind")
    complaint = ComplaintOpened(
        complaint_id=uuid4(), number="CMP-1", order_id=None, origin="buyer", category="damage",
        severity="high", queue="care", channel="web", customer_id=customer_id, shipment_id=None,
    )  # fmt: skip
    await tell(database, actor, [*life(customer_id, order_id, now)[:1], cancelled, complaint], now)
    at = f"/v1/customers/{customer_id}"
    summary = (await client.get(f"{at}/summary")).json()
    assert (summary["orders"], summary["cancelled"], summary["ordered_minor"]) == (0, 1, 0)
    lines = (await client.get(f"{at}/timeline")).json()["items"]
    assert {line["kind"] for line in lines} == {
        "order_placed",
        "order_cancelled",
        "complaint_opened",
    }


async def test_lines_of_a_service_are_for_those_who_may_read_it(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    customer_id = await add(database, actor, now)
    await tell(database, actor, life(customer_id, uuid4(), now), now)
    weak = await api_key_of(database, actor, "customers.read", "invoicing.read")
    headers = {"authorization": f"Bearer {weak}"}
    at = f"/v1/customers/{customer_id}"
    lines = (await client.get(f"{at}/timeline", headers=headers)).json()["items"]
    assert [line["kind"] for line in lines] == ["invoice_issued"]
    assert (await client.get(f"{at}/summary", headers=headers)).json()["orders"] == 0
    assert (await client.get(f"{at}/purchases", headers=headers)).status_code == 403


async def test_the_timeline_comes_in_pages_without_a_gap(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    customer_id = await add(database, actor, now)
    await tell(database, actor, life(customer_id, uuid4(), now), now)
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/v1/customers/{customer_id}/timeline", params=query)).json()
        seen += [line["id"] for line in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert (len(seen), len(set(seen))) == (7, 7)
