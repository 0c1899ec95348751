"""P6: a company may take its buyers' money only when the goods leave."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tandem.contracts.orders import OrderSnapshot
from tandem.flows.cancel_order import cancel_order
from tandem.kernel.actor import Actor
from tandem.kernel.db import Query
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import CaptureAt, Payment, PaymentSettingsChange, Status
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.statuses import ScanStatus
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until

SHIPMENT = Query("select id from shipping.shipment where org_id = :org_id and order_id = :order_id")


async def capture_at(shop: Shop, when: CaptureAt) -> None:
    async with shop.database.transaction(shop.actor) as tx:
        change = PaymentSettingsChange(capture_at=when)
        await payments.save_settings(tx, change, now=shop.now())


async def pay(shop: Shop) -> OrderSnapshot:
    order, intent = await shop.payable()
    brought = shop.buy(intent)
    await payment_jobs.fetch_payment(shop.job, brought["razorpay_payment_id"])
    await shop.work()
    return order


async def payment_of(shop: Shop, order_id: UUID) -> Payment:
    (payment,) = await shop.payments(order_id)
    return payment


def at_gateway(shop: Shop, payment: Payment) -> dict[str, Any]:
    return shop.at_gateway(f"payments/{payment.provider_payment_id}")


async def pick_up(shop: Shop, order_id: UUID) -> None:
    async with shop.database.transaction(Actor.system(shop.actor.org_id)) as tx:
        await shipping.record_scan(
            tx,
            shipment_id=await tx.value(SHIPMENT, order_id=order_id),
            status=ScanStatus.PICKED_UP,
            occurred_at=shop.now(),
            now=shop.now(),
        )
    await shop.work()


async def test_the_banks_word_confirms_and_the_money_is_taken_when_the_parcel_leaves(
    shop: Shop,
) -> None:
    await capture_at(shop, CaptureAt.DISPATCH)
    order = await pay(shop)
    await shop.reconcile(after=timedelta(minutes=5))
    waiting = await shop.order(order.id)
    assert waiting.status in GOING_OUT
    assert (waiting.payment_status, waiting.paid_minor) == ("authorized", 0)
    payment = await payment_of(shop, order.id)
    assert payment.status is Status.AUTHORIZED
    assert at_gateway(shop, payment)["status"] == "authorized"
    await pick_up(shop, order.id)
    assert (await payment_of(shop, order.id)).status is Status.CAPTURED
    assert at_gateway(shop, payment)["status"] == "captured"
    after = await shop.order(order.id)
    assert (after.payment_status, after.paid_minor) == ("paid", TOTAL)
    topics = await shop.topics(order.id)
    assert topics.count("payments.captured") == topics.count("orders.confirmed") == 1


async def test_an_order_cancelled_before_it_ships_is_never_charged(shop: Shop) -> None:
    await capture_at(shop, CaptureAt.DISPATCH)
    order = await pay(shop)
    async with shop.database.transaction(shop.actor) as tx:
        await cancel_order(tx, order.id, reason="changed my mind", now=shop.now())
    await shop.work()
    await shop.reconcile(after=timedelta(minutes=5))
    payment = await payment_of(shop, order.id)
    assert payment.status is Status.AUTHORIZED
    assert at_gateway(shop, payment)["amount_refunded"] == 0
    assert await shop.refunds(order.id) == []


async def test_money_set_aside_for_an_expired_order_is_taken_and_decided_about(shop: Shop) -> None:
    """AP10: authorised after its time. The goods are there still: the order lives again."""
    await capture_at(shop, CaptureAt.DISPATCH)
    order, intent = await shop.payable()
    await shop.expire(order.id)
    brought = shop.buy(intent)
    await payment_jobs.fetch_payment(shop.job, brought["razorpay_payment_id"])
    await shop.work()
    after = await shop.order(order.id)
    assert after.status in GOING_OUT
    assert after.paid_minor == TOTAL


async def test_what_the_bank_takes_back_keeps_the_goods_here(shop: Shop) -> None:
    await capture_at(shop, CaptureAt.DISPATCH)
    order = await pay(shop)
    payment = await payment_of(shop, order.id)
    shop.sandbox.http.post("/sandbox/clock", json={"advance": "3d 1m"})
    until(lambda: at_gateway(shop, payment)["status"] == "refunded")
    await shop.reconcile(after=timedelta(hours=7))
    held = await shop.order(order.id)
    assert held.is_on_hold
    assert "payments.exception_raised" in await shop.topics(order.id)


async def test_by_request_nothing_is_taken_until_somebody_asks(shop: Shop) -> None:
    await capture_at(shop, CaptureAt.REQUEST)
    order = await pay(shop)
    await shop.reconcile(after=timedelta(minutes=5))
    payment = await payment_of(shop, order.id)
    assert payment.status is Status.AUTHORIZED
    assert (await shop.order(order.id)).status == "pending_payment"
    async with shop.database.transaction(shop.actor) as tx:
        await payments.request_capture(tx, payment.id, now=shop.now())
    await shop.work()
    assert (await payment_of(shop, order.id)).status is Status.CAPTURED


async def test_turning_back_to_at_once_takes_what_is_set_aside(shop: Shop) -> None:
    await capture_at(shop, CaptureAt.DISPATCH)
    order = await pay(shop)
    await capture_at(shop, CaptureAt.PAYMENT)
    await shop.reconcile(after=timedelta(minutes=5))
    assert (await payment_of(shop, order.id)).status is Status.CAPTURED
