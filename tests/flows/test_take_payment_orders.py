"""All that a payment tells, in any order, ends in one sale, one invoice and one credit note (AP3).

The 720 orders are walked one by one in tests/payments/test_machine.py; here a sample of them goes
through the real webhook route, the browser's return, every flow and every table.
"""

import json
import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.signatures import sign
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.payments.store.payments import Filter
from tests.flows.shop import Shop, basket, place_one, topics
from tests.givens import visitor

SIX = (
    "payment.authorized",
    "payment.captured",
    "order.paid",
    "refund.created",
    "refund.processed",
    "browser",
)
SAMPLE = random.Random(3).sample(list(permutations(SIX)), 16)


@pytest.fixture
async def outside(app: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    async with visitor(app) as opened:
        yield opened


async def opened(database: Database, actor: Actor, order: OrderSnapshot) -> str:
    """Its gateway order, as if the gateway had answered."""
    provider_order_id = f"order_{new_id().hex[-14:]}"
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        (intent,) = await payments.list_intents(tx, order_id=order.id)
        claimed = await payments.claim_intent(tx, intent.id, now=database.clock.now())
        assert claimed
        await payments.record_gateway_order(
            tx,
            claimed,
            provider="razorpay",
            mode="test",
            provider_order_id=provider_order_id,
            now=database.clock.now(),
        )
    return provider_order_id


def notice(event: str, order: OrderSnapshot, provider_order_id: str, payment_id: str) -> bytes:
    payment = {
        "id": payment_id,
        "amount": order.total_minor,
        "currency": "INR",
        "status": "captured",
        "order_id": provider_order_id,
        "method": "upi",
        "fee": 2360,
        "tax": 360,
    }
    payload: dict[str, Any] = {"payment": {"entity": payment}}
    if event.startswith("refund."):
        refund = {
            "id": f"rfnd_{payment_id[4:]}",
            "amount": order.total_minor,
            "currency": "INR",
            "payment_id": payment_id,
            "status": "processed",
        }
        payload = {"refund": {"entity": refund}, **payload}
    return json.dumps({"event": event, "payload": payload}).encode()


async def send(
    outside: httpx2.AsyncClient,
    name: str,
    order: OrderSnapshot,
    provider_order_id: str,
    payment_id: str,
) -> None:
    if name == "browser":
        form = {
            "razorpay_payment_id": payment_id,
            "razorpay_signature": sign(
                "sandbox_key_secret", f"{provider_order_id}|{payment_id}".encode()
            ),
        }
        path = f"/v1/public/pay/{order.public_token}/return"
        answer = await outside.post(path, json=form)
    else:
        body = notice(name, order, provider_order_id, payment_id)
        headers = {
            "x-razorpay-signature": sign("sandbox_webhook_secret", body),
            "x-razorpay-event-id": f"{name}:{payment_id}",
        }
        path = "/v1/webhooks/razorpay"
        answer = await outside.post(path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def story(database: Database, actor: Actor, order_id: UUID) -> dict[str, Any]:
    """What everybody has in their tables in the end. Whether a parcel was packed in the meantime is
    a matter of time, not of what was told; it goes nowhere while the order is on hold."""
    async with database.transaction(actor) as tx:
        order = await orders.get_order(tx, order_id)
        (payment,) = (
            await payments.list_payments(tx, Filter(order_id=order_id), limit=5, cursor=None)
        ).items
        papers = await invoicing.list_for_order(tx, order_id)
    return {
        "order": (
            order.payment_status,
            order.paid_minor,
            order.refunded_minor,
            order.is_on_hold,
        ),
        "payment": (payment.status, payment.captured_minor, payment.refunded_minor),
        "papers": [(paper.kind, paper.total_minor) for paper in papers],
    }


@pytest.mark.parametrize("told", SAMPLE, ids=lambda told: "-".join(told))
async def test_any_order_of_what_is_told_ends_the_same(
    database: Database,
    actor: Actor,
    now: datetime,
    shop: Shop,
    outside: httpx2.AsyncClient,
    told: Sequence[str],
) -> None:
    chance = random.Random("".join(told))
    order = await place_one(database, actor, basket(shop), database.clock.now())
    await outbox.drain(database)
    provider_order_id = await opened(database, actor, order)
    payment_id = f"pay_{new_id().hex[-14:]}"
    for name in [name for name in told for _ in range(chance.randint(1, 3))]:
        await send(outside, name, order, provider_order_id, payment_id)
        if chance.random() < 0.5:
            await outbox.drain(database)
    await outbox.drain(database)
    total = order.total_minor
    ended = await story(database, actor, order.id)
    assert ended["order"] == ("refunded", total, total, True)
    assert ended["payment"] == ("refunded", total, total)
    assert ended["papers"] == [("INV", total), ("CRN", total)]
    seen = await topics(database, actor)
    for once in ("payments.captured.v1", "payments.refund_processed.v1", "orders.confirmed.v1"):
        assert seen.count(once) == 1, seen
