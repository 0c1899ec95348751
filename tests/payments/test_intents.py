"""One gateway order per order and amount, whatever fails on the way (P1, AO14)."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tandem.kernel import references
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Intent, IntentStatus
from tests.payments.shop import TOTAL, Shop


def gateway_orders(shop: Shop, number: str) -> list[dict[str, Any]]:
    found = shop.at_gateway(f"orders?receipt={number}&count=100")["items"]
    ours = str(shop.actor.org_id)
    return [order for order in found if order["notes"] and order["notes"].get("org_id") == ours]


async def test_a_placed_order_becomes_payable_with_its_number_as_the_receipt(shop: Shop) -> None:
    order, intent = await shop.payable()
    assert (intent.status, intent.mode, intent.amount_minor) == ("open", "test", TOTAL)
    (made,) = gateway_orders(shop, order.number)
    assert (made["id"], made["receipt"], made["amount"], made["currency"]) == (
        intent.provider_order_id,
        order.number,
        TOTAL,
        "INR",
    )
    assert made["notes"]["order_id"] == str(order.id)
    told = await shop.topics(order.id)
    assert told[:2] == ["orders.placed", "inventory.stock_reserved"]
    assert told.count("payments.requested") == 1


async def test_the_gateways_order_id_leads_back_to_the_order(shop: Shop) -> None:
    order, intent = await shop.payable()
    assert intent.provider_order_id
    async with shop.database.transaction(shop.actor) as tx:
        (found,) = await references.find(tx, intent.provider_order_id)
    assert (found.system, found.kind, found.order_id) == ("razorpay", "order", order.id)
    assert found.entity_id == intent.id


async def test_cash_on_delivery_asks_no_gateway(shop: Shop) -> None:
    order = await shop.place(method="cod")
    await shop.work()
    assert await shop.intents(order.id) == []
    assert gateway_orders(shop, order.number) == []


async def test_a_worker_that_died_before_the_call_is_replaced_and_one_gateway_order_exists(
    shop: Shop,
) -> None:
    order = await shop.place()
    await shop.relay()
    assert await shop.lose_jobs() >= 1
    assert gateway_orders(shop, order.number) == []
    await shop.reconcile()
    (intent,) = await shop.intents(order.id)
    assert intent.status is IntentStatus.OPEN
    assert len(gateway_orders(shop, order.number)) == 1


async def test_a_worker_that_died_after_claiming_is_replaced_when_its_lease_is_over(
    shop: Shop,
) -> None:
    order = await shop.place()
    await shop.relay()
    (intent,) = await shop.intents(order.id)
    async with shop.job.transaction() as tx:
        assert await payments.claim_intent(tx, intent.id, now=shop.now())
    await shop.work()
    assert (await shop.intents(order.id))[0].status is IntentStatus.OPENING
    await shop.reconcile(after=timedelta(seconds=31))
    assert (await shop.intents(order.id))[0].status is IntentStatus.OPEN
    assert len(gateway_orders(shop, order.number)) == 1


async def test_a_worker_that_died_between_the_answer_and_its_record_leaves_one_gateway_order(
    shop: Shop,
) -> None:
    order = await shop.place()
    await shop.relay()
    await shop.lose_jobs()
    (intent,) = await shop.intents(order.id)
    async with shop.job.transaction() as tx:
        claimed = await payments.claim_intent(tx, intent.id, now=shop.now())
    assert claimed
    made = await payment_jobs.calls._make_or_find_order(shop.gateway, claimed, shop.actor.org_id)
    await shop.reconcile(after=timedelta(seconds=31))
    (opened,) = await shop.intents(order.id)
    assert opened.provider_order_id == made.provider_order_id
    assert len(gateway_orders(shop, order.number)) == 1


@pytest.mark.parametrize(
    ("fault", "made_at_once"),
    [
        ({"kind": "timeout_after", "seconds": 0.1}, 1),
        ({"kind": "timeout_before", "seconds": 0.1}, 0),
        ({"kind": "500"}, 0),
        ({"kind": "html_502"}, 0),
        ({"kind": "429", "seconds": 0}, 0),
        ({"kind": "401"}, 0),
    ],
)
async def test_an_unknown_outcome_is_looked_up_and_never_just_sent_again(
    shop: Shop, fault: dict[str, Any], made_at_once: int
) -> None:
    order = await shop.place()
    shop.sandbox.break_next("razorpay", match="/v1/orders", **fault)
    await shop.work()
    (waiting,) = await shop.intents(order.id)
    assert waiting.status is IntentStatus.OPENING and waiting.error
    assert len(gateway_orders(shop, order.number)) == made_at_once
    assert "payments.requested" not in await shop.topics(order.id)
    await shop.reconcile(after=timedelta(minutes=1))
    (opened,) = await shop.intents(order.id)
    assert opened.status is IntentStatus.OPEN
    assert len(gateway_orders(shop, order.number)) == 1


async def test_a_gateway_that_stays_away_is_asked_ever_more_rarely(shop: Shop) -> None:
    order = await shop.place()
    shop.sandbox.break_next("razorpay", "500", match="/v1/orders", count=3)
    await shop.work()
    await shop.reconcile(after=timedelta(seconds=11))
    assert (await shop.intents(order.id))[0].tries == 2
    await shop.reconcile(after=timedelta(seconds=15))
    assert (await shop.intents(order.id))[0].tries == 2
    await shop.reconcile(after=timedelta(seconds=6))
    (opened,) = await shop.intents(order.id)
    assert (opened.tries, opened.status) == (3, IntentStatus.OPENING)


async def test_a_refusal_goes_to_a_person_and_can_be_asked_anew(shop: Shop) -> None:
    order = await shop.place(total=99)
    await shop.work()
    (refused,) = await shop.intents(order.id)
    assert refused.status is IntentStatus.REFUSED
    assert refused.error == "The amount must be at least INR 1.00"
    assert "payments.exception_raised" in await shop.topics(order.id)
    async with shop.database.transaction(shop.actor) as tx:
        again = await payments.request_payment(tx, order_id=order.id, mode="test", now=shop.now())
    assert (again.status, again.receipt) == ("requested", f"{order.number}-P2")


async def test_a_receipt_somebody_used_before_is_changed_and_tried_once_more(shop: Shop) -> None:
    order = await shop.place()
    body = {"amount": 500, "currency": "INR", "receipt": order.number}
    shop.send_to_gateway("orders", body)
    shop.sandbox.http.patch("/sandbox/razorpay/account", json={"has_unique_receipts": True})
    await shop.work()
    await shop.reconcile()
    (opened,) = await shop.intents(order.id)
    assert opened.status is IntentStatus.OPEN
    assert opened.receipt == f"{order.number}-{opened.id.hex[-6:]}"
    assert len(gateway_orders(shop, order.number)) == 1


async def test_another_installations_order_of_the_same_receipt_is_not_ours(shop: Shop) -> None:
    order = await shop.place()
    notes = {"intent_id": "0197b1a4-0000-7000-8000-000000000000"}
    body = {"amount": TOTAL, "currency": "INR", "receipt": order.number, "notes": notes}
    stranger = shop.send_to_gateway("orders", body)
    shop.sandbox.break_next("razorpay", "timeout_before", match="/v1/orders", seconds=0.1)
    await shop.work()
    await shop.reconcile(after=timedelta(minutes=1))
    (opened,) = await shop.intents(order.id)
    assert opened.status is IntentStatus.OPEN
    assert opened.provider_order_id != stranger["id"]


async def test_two_workers_at_once_make_one_gateway_order(shop: Shop) -> None:
    order = await shop.place()
    await shop.relay()
    (intent,) = await shop.intents(order.id)
    tries = (payment_jobs.open_gateway_order(shop.job, str(intent.id)) for _ in range(8))
    await asyncio.gather(*tries)
    assert len(gateway_orders(shop, order.number)) == 1
    assert (await shop.topics(order.id)).count("payments.requested") == 1


async def test_asking_again_for_the_same_amount_is_the_same_intent_and_another_replaces_it(
    shop: Shop,
) -> None:
    order, first = await shop.payable()
    dearer = msgspec.structs.replace(order, total_minor=TOTAL + 1_000)
    async with shop.database.transaction(shop.actor) as tx:
        assert await payments.open_intent(tx, order=order, now=shop.now()) == first
        second = await payments.open_intent(tx, order=dearer, now=shop.now())
    await shop.work()
    newest, oldest = await shop.intents(order.id)
    assert (newest.id, newest.status, newest.receipt) == (second.id, "open", f"{order.number}-P2")
    assert oldest.status is IntentStatus.SUPERSEDED
    assert [made["amount"] for made in gateway_orders(shop, order.number)] == [119_000, 118_000]


async def test_an_order_that_ended_while_the_gateway_was_asked_still_knows_its_gateway_order(
    shop: Shop,
) -> None:
    order = await shop.place()
    await shop.relay()
    (intent,) = await shop.intents(order.id)
    async with shop.job.transaction() as tx:
        claimed = await payments.claim_intent(tx, intent.id, now=shop.now())
        assert isinstance(claimed, Intent)
        await payments.close_intent(tx, order_id=order.id, reason="expired", now=shop.now())
    made = await payment_jobs.calls._make_or_find_order(shop.gateway, claimed, shop.actor.org_id)
    async with shop.job.transaction() as tx:
        await payments.record_gateway_order(
            tx,
            claimed,
            provider="razorpay",
            mode="test",
            provider_order_id=made.provider_order_id,
            now=shop.now(),
        )
    (closed,) = await shop.intents(order.id)
    assert (closed.status, closed.provider_order_id) == ("closed", made.provider_order_id)
    assert "payments.requested" not in await shop.topics(order.id)
