"""Authorised money is taken once; what nobody takes is raised before the gateway gives it back."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tandem.app.settings import Settings
from tandem.app.wiring import resources_of
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.errors import IllegalMove
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Intent, Payment, Status
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until


async def authorized(shop: Shop) -> tuple[OrderSnapshot, Payment]:
    """An order whose payment is authorised and known, with its capture still in the queue."""
    order, intent = await shop.payable()
    await learn(shop, intent)
    (payment,) = await shop.payments(order.id)
    assert payment.status is Status.AUTHORIZED
    return order, payment


async def learn(shop: Shop, intent: Intent) -> None:
    brought = shop.buy(intent)
    await payment_jobs.fetch_payment(shop.job, brought["razorpay_payment_id"])


def at_gateway(shop: Shop, payment: Payment) -> dict[str, Any]:
    return shop.at_gateway(f"payments/{payment.provider_payment_id}")


async def test_an_authorised_payment_is_captured_by_itself(shop: Shop) -> None:
    order, payment = await authorized(shop)
    assert at_gateway(shop, payment)["status"] == "authorized"
    assert (await shop.order(order.id)).payment_status == "none"
    await shop.work()
    (captured,) = await shop.payments(order.id)
    assert (captured.status, captured.captured_minor) == ("captured", TOTAL)
    assert at_gateway(shop, payment)["status"] == "captured"
    after = await shop.order(order.id)
    assert after.status in GOING_OUT
    assert (after.payment_status, after.paid_minor) == ("paid", TOTAL)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout_after", "seconds": 0.1},
        {"kind": "timeout_before", "seconds": 0.1},
        {"kind": "500"},
        {"kind": "429", "seconds": 0},
    ],
)
async def test_a_capture_without_an_answer_is_looked_up_first(
    shop: Shop, fault: dict[str, Any]
) -> None:
    order, payment = await authorized(shop)
    path = f"/v1/payments/{payment.provider_payment_id}/capture"
    shop.sandbox.break_next("razorpay", match=path, **fault)
    await shop.work()
    assert (await shop.payments(order.id))[0].status is Status.AUTHORIZED
    await shop.reconcile(after=timedelta(minutes=1))
    assert (await shop.payments(order.id))[0].status is Status.CAPTURED
    assert (await shop.topics(order.id)).count("payments.captured") == 1


async def test_a_payment_the_gateway_captured_by_itself_is_no_trouble(shop: Shop) -> None:
    order, payment = await authorized(shop)
    path = f"payments/{payment.provider_payment_id}/capture"
    shop.send_to_gateway(path, {"amount": TOTAL, "currency": "INR"})
    await shop.work()
    assert (await shop.payments(order.id))[0].status is Status.CAPTURED
    assert "payments.exception_raised" not in await shop.topics(order.id)


async def test_many_workers_capture_once(shop: Shop) -> None:
    order, payment = await authorized(shop)
    calls = (payment_jobs.capture_payment(shop.job, str(payment.id)) for _ in range(6))
    await asyncio.gather(*calls)
    assert (await shop.topics(order.id)).count("payments.captured") == 1


async def test_by_hand_it_is_captured_when_somebody_says_so(shop: Shop, settings: Settings) -> None:
    shop.resources = resources_of(msgspec.structs.replace(settings, razorpay_capture="manual"))
    order, payment = await authorized(shop)
    await shop.reconcile(after=timedelta(hours=1))
    assert (await shop.payments(order.id))[0].status is Status.AUTHORIZED
    assert (await shop.order(order.id)).payment_status == "authorized"
    for _ in range(2):
        async with shop.database.transaction(shop.actor) as tx:
            await payments.request_capture(tx, payment.id, now=shop.now())
    await shop.work()
    (captured,) = await shop.payments(order.id)
    assert captured.status is Status.CAPTURED
    async with shop.database.transaction(shop.actor) as tx:
        assert await payments.request_capture(tx, payment.id, now=shop.now()) == captured


async def test_a_failed_payment_cannot_be_captured(shop: Shop) -> None:
    order, intent = await shop.payable()
    shop.checkout(str(intent.provider_order_id), vpa="failure@razorpay")
    await shop.reconcile(after=timedelta(minutes=1))
    (failed,) = await shop.payments(order.id)
    assert (failed.status, failed.error) == (
        "failed",
        "Payment was unsuccessful. Try using another method.",
    )
    with pytest.raises(IllegalMove):
        async with shop.database.transaction(shop.actor) as tx:
            await payments.request_capture(tx, failed.id, now=shop.now())
    assert (await shop.topics(order.id)).count("payments.failed") == 1


async def test_what_nobody_captures_is_raised_after_a_day_and_given_back_after_three(
    shop: Shop, settings: Settings
) -> None:
    shop.resources = resources_of(msgspec.structs.replace(settings, razorpay_capture="manual"))
    order, payment = await authorized(shop)
    await payment_jobs.watch_uncaptured(shop.job)
    assert "payments.exception_raised" not in await shop.topics(order.id)
    shop.clock.moved += timedelta(hours=25)
    for _ in range(2):
        await payment_jobs.watch_uncaptured(shop.job)
    assert (await shop.topics(order.id)).count("payments.exception_raised") == 1
    shop.sandbox.http.post("/sandbox/clock", json={"advance": "3d 1m"})
    until(lambda: at_gateway(shop, payment)["status"] == "refunded")
    await shop.reconcile(after=timedelta(hours=7))
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.captured_minor) == ("auto_refunded", 0)
    after = await shop.order(order.id)
    assert (after.paid_minor, after.authorized_minor, after.payment_status) == (0, 0, "none")
    assert (await shop.topics(order.id)).count("payments.exception_raised") == 2
