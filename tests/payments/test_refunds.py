"""Money back: never more than came, never twice, whatever the gateway or the process does."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    Action,
    NotRefundable,
    Payment,
    Refund,
    RefundExceedsBalance,
    RefundStatus,
)
from tests.payments.shop import TOTAL, Shop
from tests.waiting import until


async def ask(shop: Shop, payment: Payment, amount: int | None = None) -> Refund:
    async with shop.database.transaction(shop.actor) as tx:
        return await payments.refund_payment(
            tx, payment.id, amount_minor=amount, reason="Damaged", now=shop.now()
        )


def at_gateway(shop: Shop, payment: Payment) -> list[dict[str, Any]]:
    path = f"payments/{payment.provider_payment_id}/refunds?count=100"
    found: list[dict[str, Any]] = shop.at_gateway(path)["items"]
    return found


def settled(shop: Shop, payment: Payment) -> bool:
    return all(refund["status"] == "processed" for refund in at_gateway(shop, payment))


async def finish(shop: Shop, payment: Payment) -> None:
    """The bank answers, and we hear of it by asking."""
    until(lambda: settled(shop, payment))
    await shop.reconcile(after=timedelta(minutes=10))


async def test_a_partial_and_then_the_rest(shop: Shop) -> None:
    order, payment = await shop.captured()
    first = await ask(shop, payment, 18_000)
    assert (first.status, first.amount_minor, first.is_ours) == ("requested", 18_000, True)
    await shop.work()
    assert (await shop.refunds(order.id))[0].status is RefundStatus.PENDING
    await finish(shop, payment)
    (after,) = await shop.payments(order.id)
    assert (after.status, after.refunded_minor) == ("partially_refunded", 18_000)
    rest = await ask(shop, payment)
    assert rest.amount_minor == TOTAL - 18_000
    await shop.work()
    await finish(shop, payment)
    (after,) = await shop.payments(order.id)
    assert (after.status, after.refunded_minor) == ("refunded", TOTAL)
    assert [refund["notes"]["refund_id"] for refund in at_gateway(shop, payment)] == [
        str(rest.id),
        str(first.id),
    ]
    told = await shop.topics(order.id)
    assert told.count("payments.refund_requested") == 2
    assert told.count("payments.refund_processed") == 2
    assert (await shop.order(order.id)).payment_status == "refunded"


async def test_twenty_refunds_of_most_of_it_at_once_are_one(shop: Shop) -> None:
    order, payment = await shop.captured()
    amount = TOTAL * 60 // 100

    async def one() -> bool:
        try:
            await ask(shop, payment, amount)
        except RefundExceedsBalance as refusal:
            assert refusal.facts["refundable_minor"] == TOTAL - amount
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(20)))) == 1
    await shop.work()
    assert [made["amount"] for made in at_gateway(shop, payment)] == [amount]
    assert [made.amount_minor for made in await shop.refunds(order.id)] == [amount]


async def test_more_than_is_left_is_refused_and_nothing_is_told(shop: Shop) -> None:
    order, payment = await shop.captured()
    told = await shop.topics(order.id)
    with pytest.raises(RefundExceedsBalance):
        await ask(shop, payment, TOTAL + 1)
    assert await shop.refunds(order.id) == []
    assert await shop.topics(order.id) == told
    await ask(shop, payment)
    with pytest.raises(NotRefundable, match="given back"):
        await ask(shop, payment)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout_after", "seconds": 0.1},
        {"kind": "timeout_before", "seconds": 0.1},
        {"kind": "500"},
        {"kind": "html_502"},
        {"kind": "429", "seconds": 0},
    ],
)
async def test_an_unknown_outcome_ends_in_one_refund_with_one_key(
    shop: Shop, fault: dict[str, Any]
) -> None:
    order, payment = await shop.captured()
    path = f"/v1/payments/{payment.provider_payment_id}/refund"
    shop.sandbox.break_next("razorpay", match=path, **fault)
    asked = await ask(shop, payment, 50_000)
    await shop.work()
    (waiting,) = await shop.refunds(order.id)
    assert (waiting.status, waiting.provider_refund_id) == ("submitted", None)
    await shop.reconcile(after=timedelta(minutes=1))
    (sent,) = await shop.refunds(order.id)
    (made,) = at_gateway(shop, payment)
    assert (sent.id, sent.provider_refund_id) == (asked.id, made["id"])
    assert sent.idempotency_key == asked.idempotency_key


async def test_the_same_request_still_running_at_the_gateway_is_tried_again(shop: Shop) -> None:
    order, payment = await shop.captured()
    shop.sandbox.break_next("razorpay", "refund_busy", match=payment.provider_payment_id)
    await ask(shop, payment, 50_000)
    await shop.work()
    assert (await shop.refunds(order.id))[0].status is RefundStatus.SUBMITTED
    await shop.reconcile(after=timedelta(minutes=1))
    assert len(at_gateway(shop, payment)) == 1


@pytest.mark.parametrize("moment", ["before the claim", "before the call", "before the record"])
async def test_a_worker_that_dies_at_any_moment_leaves_exactly_one_refund(
    shop: Shop, moment: str
) -> None:
    order, payment = await shop.captured()
    asked = await ask(shop, payment, 50_000)
    await shop.relay()
    await shop.lose_jobs()
    if moment != "before the claim":
        async with shop.job.transaction() as tx:
            call = await payments.claim_refund(tx, asked.id, now=shop.now())
        assert call
        if moment == "before the record":
            await payment_jobs.calls._send_or_find_refund(shop.job, shop.gateway, call)
    await shop.reconcile(after=timedelta(seconds=31))
    (made,) = at_gateway(shop, payment)
    (refund,) = await shop.refunds(order.id)
    assert (refund.provider_refund_id, refund.amount_minor) == (made["id"], 50_000)
    await finish(shop, payment)
    assert (await shop.payments(order.id))[0].refunded_minor == 50_000
    assert len(at_gateway(shop, payment)) == 1


async def test_two_workers_at_once_send_one_refund(shop: Shop) -> None:
    _, payment = await shop.captured()
    asked = await ask(shop, payment, 50_000)
    await asyncio.gather(*(payment_jobs.send_refund(shop.job, str(asked.id)) for _ in range(6)))
    assert len(at_gateway(shop, payment)) == 1


async def test_a_refund_the_bank_fails_frees_its_balance_and_is_retried_by_hand_with_a_new_key(
    shop: Shop,
) -> None:
    order, payment = await shop.captured()
    shop.sandbox.break_next("razorpay", "refund_failed", match=payment.provider_payment_id)
    failed = await ask(shop, payment)
    await shop.work()
    until(lambda: at_gateway(shop, payment)[0]["status"] == "failed")
    await shop.reconcile(after=timedelta(minutes=10))
    (refund,) = await shop.refunds(order.id)
    assert refund.status is RefundStatus.FAILED
    assert "payments.refund_failed" in await shop.topics(order.id)
    async with shop.database.transaction(shop.actor) as tx:
        (raised,) = (
            await payments.list_exceptions(
                tx, is_open=True, kind=None, order_id=order.id, limit=10, cursor=None
            )
        ).items
        assert (raised.kind, raised.subject_id) == ("refund_failed", failed.id)
        await payments.resolve(
            tx, raised.id, action=Action.RETRY, note="Bank is back", now=shop.now()
        )
    await shop.work()
    await finish_second(shop, payment)
    first, second = await shop.refunds(order.id)
    assert (second.retries_id, second.status) == (first.id, "processed")
    assert second.idempotency_key != first.idempotency_key
    assert (await shop.payments(order.id))[0].status == "refunded"


async def finish_second(shop: Shop, payment: Payment) -> None:
    until(lambda: at_gateway(shop, payment)[0]["status"] == "processed")
    await shop.reconcile(after=timedelta(minutes=10))


async def test_a_refund_the_gateway_refuses_fails_with_its_words(shop: Shop) -> None:
    order, payment = await shop.captured()
    await ask(shop, payment, 50)
    await shop.work()
    (refund,) = await shop.refunds(order.id)
    assert (refund.status, refund.error) == ("failed", "The amount must be at least INR 1.00")
    assert (await ask(shop, payment)).amount_minor == TOTAL


async def test_a_refund_made_in_the_dashboard_is_counted_and_shown_to_somebody(shop: Shop) -> None:
    order, payment = await shop.captured()
    path = f"payments/{payment.provider_payment_id}/refund"
    made = shop.send_to_gateway(path, {"amount": 20_000})
    until(lambda: settled(shop, payment))
    await shop.reconcile(after=timedelta(minutes=10))
    (refund,) = await shop.refunds(order.id)
    assert (refund.provider_refund_id, refund.is_ours, refund.status) == (
        made["id"],
        False,
        "processed",
    )
    assert (await shop.payments(order.id))[0].refunded_minor == 20_000
    assert "payments.exception_raised" in await shop.topics(order.id)
    with pytest.raises(RefundExceedsBalance):
        await ask(shop, payment, TOTAL - 19_999)


async def test_a_key_makes_asking_twice_one_refund(shop: Shop) -> None:
    order, payment = await shop.captured()
    for _ in range(3):
        async with shop.database.transaction(shop.actor) as tx:
            await payments.refund(
                tx,
                order_id=order.id,
                amount_minor=None,
                reason="Paid too late",
                now=shop.now(),
                payment_id=payment.id,
                key=str(payment.id),
            )
    await shop.work()
    (refund,) = await shop.refunds(order.id)
    assert refund.idempotency_key == str(payment.id)
    assert len(at_gateway(shop, payment)) == 1


async def test_an_order_without_money_has_nothing_to_give_back(shop: Shop) -> None:
    order, intent = await shop.payable()
    async with shop.database.transaction(shop.actor) as tx:
        made = await payments.refund(
            tx, order_id=order.id, amount_minor=None, reason="Cancelled", now=shop.now()
        )
        assert made == []
        with pytest.raises(RefundExceedsBalance):
            await payments.refund(
                tx, order_id=order.id, amount_minor=1, reason="Cancelled", now=shop.now()
            )
    shop.buy(intent)
    await payment_jobs.fetch_payment(
        shop.job, shop.at_gateway(f"orders/{intent.provider_order_id}/payments")["items"][0]["id"]
    )
    (authorized,) = await shop.payments(order.id)
    assert authorized.status == "authorized"
    with pytest.raises(NotRefundable, match="only captured money"):
        await ask(shop, authorized, 100)


async def test_a_refund_needs_its_permission_and_its_own_company(shop: Shop) -> None:
    order, payment = await shop.captured()
    reader = msgspec.structs.replace(shop.actor, grants=frozenset({"payments.read"}))
    async with shop.database.transaction(reader) as tx:
        with pytest.raises(Forbidden):
            await payments.refund_payment(
                tx, payment.id, amount_minor=None, reason="x", now=shop.now()
            )
    async with shop.database.transaction(Actor.system(new_id())) as tx:
        with pytest.raises(NotFound):
            await payments.refund_payment(
                tx, payment.id, amount_minor=None, reason="x", now=shop.now()
            )
    assert await shop.refunds(order.id) == []
