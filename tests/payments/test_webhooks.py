"""Razorpay's webhooks at our door: genuine or refused, kept once, answered at once, read later."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.signatures import sign
from tandem.scm.payments.domain import Intent
from tests.givens import visitor
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until

PATH = "/v1/webhooks/razorpay"
SECRET = "sandbox_webhook_secret"
KEPT = Query("select count(*) from kernel.webhook where org_id = :org_id")
LEDGER = Query("select count(*) from payments.payment_event where org_id = :org_id")


@pytest.fixture
async def razorpay(app: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    async with visitor(app) as opened:
        yield opened


def notice(event: str, intent: Intent, payment_id: str, **changes: Any) -> bytes:
    """A webhook body in the vendor's shape."""
    payment = {
        "id": payment_id,
        "entity": "payment",
        "amount": intent.amount_minor,
        "currency": intent.currency,
        "status": "captured",
        "order_id": intent.provider_order_id,
        "method": "upi",
        "captured": True,
        "amount_refunded": 0,
        "fee": 2784,
        "tax": 424,
        "notes": [],
        "error_description": "Insufficient balance" if event == "payment.failed" else None,
        "created_at": 1763800000,
    }
    payload: dict[str, Any] = {"payment": {"entity": payment | changes}}
    if event.startswith("refund."):
        refund = {
            "id": f"rfnd_{payment_id[4:]}",
            "entity": "refund",
            "amount": intent.amount_minor,
            "currency": "INR",
            "payment_id": payment_id,
            "notes": [],
            "status": event.removeprefix("refund."),
            "created_at": 1763800000,
        }
        payload = {"refund": {"entity": refund}, **payload}
    envelope = {
        "entity": "event",
        "account_id": "acc_1",
        "event": event,
        "contains": list(payload),
        "payload": payload,
        "created_at": 1763800010,
    }
    return json.dumps(envelope).encode()


async def post(
    razorpay: httpx2.AsyncClient,
    body: bytes,
    *,
    signature: str | None = None,
    event_id: str = "",
    secret: str = SECRET,
) -> httpx2.Response:
    headers = {
        "content-type": "application/json",
        "x-razorpay-signature": sign(secret, body) if signature is None else signature,
        "x-razorpay-event-id": event_id or new_id().hex,
    }
    return await razorpay.post(PATH, content=body, headers=headers)


async def count(shop: Shop, query: Query) -> int:
    async with shop.database.transaction(shop.actor) as tx:
        return int(await tx.value(query))


async def test_the_stand_ins_webhooks_finish_a_payment(shop: Shop, web: str) -> None:
    order, intent = await shop.payable()
    shop.buy(intent)
    until(lambda: delivered(shop, intent, 1))
    await shop.work()
    until(lambda: delivered(shop, intent, 3))
    await shop.work()
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.standing, payment.mode) == ("captured", "counted", "test")
    assert (payment.fee_minor, payment.tax_minor) == (2784, 424)
    assert (await shop.intents(order.id))[0].status == "paid"
    assert (await shop.order(order.id)).status in GOING_OUT
    told = await shop.topics(order.id)
    assert [topic for topic in told if topic.startswith("payments.")] == [
        "payments.requested",
        "payments.authorized",
        "payments.captured",
    ]


def delivered(shop: Shop, intent: Intent, wanted: int) -> bool:
    desk = shop.sandbox.http.get("/sandbox/webhooks", params={"provider": "razorpay"}).json()
    ours = [one for one in desk["deliveries"] if one["state"] == "delivered"]
    return sum(str(intent.provider_order_id) in one["body"] for one in ours) >= wanted


async def test_the_same_notice_ten_times_at_once_is_one_effect_and_ten_good_answers(
    shop: Shop, razorpay: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    body = notice("payment.captured", intent, "pay_00000000000001")
    answers = await asyncio.gather(*(post(razorpay, body, event_id="evt_1") for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    await shop.work()
    assert await count(shop, KEPT) == 1
    (payment,) = await shop.payments(order.id)
    assert payment.captured_minor == TOTAL
    assert (await shop.topics(order.id)).count("payments.captured") == 1
    assert (await shop.topics(order.id)).count("orders.confirmed") == 1


NONSENSE: dict[str, dict[str, object]] = {
    "null": {"id": "pay_\0"},
    "long": {"id": "pay_" + "x" * 61},
    "below zero": {"amount": -1},
    "beyond counting": {"amount": 10**30},
    "no currency": {"currency": ""},
}
"""Signed, and yet what no table takes: kept, it would stand before whatever is told next."""


@pytest.mark.parametrize(
    "what", ["bad", "empty", "reserialised", "no newline", "not ours", "junk", *NONSENSE]
)
async def test_what_is_not_signed_is_refused_and_leaves_nothing(
    shop: Shop, razorpay: httpx2.AsyncClient, what: str
) -> None:
    order, intent = await shop.payable()
    body = notice("payment.captured", intent, "pay_00000000000002") + b"\n"
    match what:
        case "bad":
            answer = await post(razorpay, body, signature="0" * 64)
        case "empty":
            answer = await post(razorpay, body, signature="")
        case "reserialised":
            again = json.dumps(json.loads(body), separators=(",", ":")).encode()
            answer = await post(razorpay, again, signature=sign(SECRET, body))
        case "no newline":
            answer = await post(razorpay, body.strip(), signature=sign(SECRET, body))
        case "not ours":
            answer = await post(razorpay, body, secret="guess")
        case "junk":
            answer = await post(razorpay, b"\xff\x00 not json")
        case _:
            wrong = json.loads(body)
            wrong["payload"]["payment"]["entity"] |= NONSENSE[what]
            answer = await post(razorpay, json.dumps(wrong).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    await shop.work()
    assert (await count(shop, KEPT), await count(shop, LEDGER)) == (0, 0)
    assert await shop.payments(order.id) == []


async def test_the_old_secret_is_good_while_it_is_set_and_no_longer(
    shop: Shop, app: Litestar, settings: Settings, database: Database
) -> None:
    _, intent = await shop.payable()
    body = notice("payment.authorized", intent, "pay_00000000000003")
    statuses = []
    for previous in (SECRET, ""):
        rotated = msgspec.structs.replace(
            settings,
            razorpay_webhook_secret="the-new-one",
            razorpay_webhook_secret_previous=previous,
        )
        equip(app.state, rotated, database)
        async with visitor(app) as client:
            statuses.append((await post(client, body)).status_code)
    assert statuses == [200, 400]


async def test_a_body_over_the_limit_is_refused(razorpay: httpx2.AsyncClient) -> None:
    body = b'{"event":"' + b"x" * 600_000 + b'"}'
    assert (await post(razorpay, body)).status_code == 413


async def test_a_notice_about_another_shops_order_is_taken_and_left_alone(
    shop: Shop, razorpay: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    theirs = msgspec.structs.replace(intent, provider_order_id="order_00000000000000")
    answer = await post(razorpay, notice("order.paid", theirs, "pay_00000000000004"))
    assert answer.status_code == 200
    await shop.work()
    assert await shop.payments(order.id) == []


async def test_an_event_that_is_not_about_payments_is_kept_and_changes_nothing(
    shop: Shop, razorpay: httpx2.AsyncClient
) -> None:
    _, intent = await shop.payable()
    answer = await post(razorpay, notice("payment.dispute.created", intent, "pay_00000000000005"))
    assert answer.status_code == 200
    await shop.work()
    assert (await count(shop, KEPT), await count(shop, LEDGER)) == (1, 0)


async def test_the_answer_does_not_wait_for_the_work(
    shop: Shop, razorpay: httpx2.AsyncClient
) -> None:
    """Somebody holds the payment's row for as long as the test likes; the vendor is not kept."""
    order, intent = await shop.payable()
    await post(razorpay, notice("payment.authorized", intent, "pay_00000000000006"))
    await shop.relay()
    (payment,) = await shop.payments(order.id)
    async with shop.database.pool.acquire() as other:
        await other.execute(f"begin; set local app.org_id = '{shop.actor.org_id}'")
        await other.execute("select 1 from payments.payment where id = $1 for update", payment.id)
        slow = asyncio.create_task(shop.relay())
        before = time.monotonic()
        answer = await post(razorpay, notice("order.paid", intent, "pay_00000000000006"))
        assert (answer.status_code, time.monotonic() - before < 1) == (200, True)
        await other.execute("rollback")
    await slow
    await shop.relay()
    assert (await shop.payments(order.id))[0].status == "captured"


async def test_a_refund_that_is_told_before_its_payment_is_held_and_then_counts(
    shop: Shop, razorpay: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    await post(razorpay, notice("refund.processed", intent, "pay_00000000000007"))
    await shop.relay()
    assert await shop.payments(order.id) == []
    assert await count(shop, LEDGER) == 1
    await post(razorpay, notice("payment.authorized", intent, "pay_00000000000007"))
    await shop.relay()
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.refunded_minor) == ("authorized", 0)
    assert "payments.refund_processed" not in await shop.topics(order.id)
    await post(razorpay, notice("payment.captured", intent, "pay_00000000000007"))
    await shop.relay()
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.refunded_minor) == ("refunded", TOTAL)
    told = await shop.topics(order.id)
    assert told.index("payments.captured") < told.index("payments.refund_processed")


SIX = (
    "payment.authorized",
    "payment.captured",
    "order.paid",
    "refund.created",
    "refund.processed",
    "browser",
)
SAMPLE = random.Random(7).sample(list(permutations(SIX)), 12)


@pytest.mark.parametrize("order_of_events", SAMPLE, ids=lambda order: "-".join(order))
async def test_any_order_of_events_with_duplicates_ends_in_one_state(
    shop: Shop, razorpay: httpx2.AsyncClient, order_of_events: Sequence[str]
) -> None:
    order, intent = await shop.payable()
    payment_id = f"pay_{new_id().hex[-14:]}"
    chance = random.Random(len(SAMPLE))
    for name in [name for name in order_of_events for _ in range(chance.randint(1, 2))]:
        if name == "browser":
            message = f"{intent.provider_order_id}|{payment_id}".encode()
            form = {
                "razorpay_payment_id": payment_id,
                "razorpay_order_id": str(intent.provider_order_id),
                "razorpay_signature": sign("sandbox_key_secret", message),
            }
            path = f"/v1/public/pay/{order.public_token}/return"
            assert (await razorpay.post(path, data=form)).status_code == 303
        else:
            body = notice(name, intent, payment_id)
            answer = await post(razorpay, body, event_id=f"{name}:{payment_id}")
            assert answer.status_code == 200
        if chance.random() < 0.5:
            await shop.relay()
    await shop.relay()
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.standing) == ("refunded", "counted")
    assert (payment.captured_minor, payment.refunded_minor) == (TOTAL, TOTAL)
    told = await shop.topics(order.id)
    for once in ("payments.captured", "payments.refund_processed", "orders.confirmed"):
        assert told.count(once) == 1, told
    after = await shop.order(order.id)
    assert (after.status in GOING_OUT, after.payment_status) == (True, "refunded")
    assert (after.paid_minor, after.refunded_minor, after.is_on_hold) == (TOTAL, TOTAL, True)
    assert (await shop.refunds(order.id))[0].is_ours is False
    await shop.lose_jobs()


async def test_a_duplicate_a_reordered_and_a_badly_signed_delivery_change_nothing(
    shop: Shop, web: str
) -> None:
    order, intent = await shop.payable()
    for kind in ("duplicate", "reorder", "bad_signature"):
        shop.sandbox.break_next("razorpay", kind, seconds=0.2)
    shop.sandbox.http.patch("/sandbox/razorpay/account", json={"is_auto_capturing": True})
    shop.buy(intent)
    until(lambda: delivered(shop, intent, 1))
    await shop.reconcile(after=timedelta(minutes=1))
    (payment,) = await shop.payments(order.id)
    assert payment.status == "captured"
    assert (await shop.topics(order.id)).count("payments.captured") == 1
