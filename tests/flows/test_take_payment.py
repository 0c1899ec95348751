"""An order follows its money: in time, too late, twice, in cash (O12, O28, AO10, AP6, AP10)."""

import asyncio
from datetime import timedelta

import pytest

from tandem.contracts.delivery import CashCollected
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Query
from tandem.kernel.ids import new_id
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Intent
from tests.payments import conftest as fixtures
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until

running, sandbox = fixtures.running, fixtures.sandbox
settings, shop = fixtures.settings, fixtures.shop

STOCK = Query("select sum(on_hand) - sum(reserved) from inventory.level where org_id = :org_id")


async def free_stock(shop: Shop) -> int:
    async with shop.database.transaction(shop.actor) as tx:
        return int(await tx.value(STOCK))


async def sell_out(shop: Shop) -> None:
    """Somebody else has the rest."""
    order = await shop.place(quantity=await free_stock(shop))
    async with shop.database.transaction(shop.actor) as tx:
        await inventory.keep(tx, [order.id])


def refunds_at_gateway(shop: Shop, payment_id: str) -> list[int]:
    found = shop.at_gateway(f"payments/{payment_id}/refunds")["items"]
    return [refund["amount"] for refund in found]


async def pay_late(shop: Shop, order: OrderSnapshot, intent: Intent) -> str:
    """The buyer left the gateway's page open and pays when the order is over; nobody tells us."""
    brought = shop.buy(intent)
    await shop.reconcile(after=timedelta(minutes=20))
    await shop.reconcile(after=timedelta(minutes=20))
    return brought["razorpay_payment_id"]


async def test_paid_in_time_confirms_the_order_and_keeps_its_stock(shop: Shop) -> None:
    order, _ = await shop.captured(quantity=3)
    after = await shop.order(order.id)
    assert after.status in GOING_OUT
    assert (after.payment_status, after.expires_at) == ("paid", None)
    async with shop.database.transaction(shop.actor) as tx:
        (held,) = await inventory.reservations_of(tx, order.id)
    assert (held.status, held.held, held.held_until) == ("allocated", 3, None)
    assert await free_stock(shop) == 47


async def test_money_after_expiry_revives_the_order_when_its_goods_can_be_had(shop: Shop) -> None:
    order, intent = await shop.payable(quantity=3)
    await shop.expire(order.id)
    assert (await shop.order(order.id)).status == "expired"
    assert await free_stock(shop) == 50
    await pay_late(shop, order, intent)
    after = await shop.order(order.id)
    assert (after.status in GOING_OUT, after.payment_status) == (True, "paid")
    assert await free_stock(shop) == 47
    assert await shop.refunds(order.id) == []
    told = await shop.topics(order.id)
    assert told.count("payments.late_payment_arrived") == 1
    assert told.count("orders.confirmed") == 1
    assert (await shop.intents(order.id))[0].status == "paid"


async def test_money_after_expiry_goes_back_once_when_the_goods_are_gone(shop: Shop) -> None:
    order, intent = await shop.payable(quantity=3)
    await shop.expire(order.id)
    await sell_out(shop)
    payment_id = await pay_late(shop, order, intent)
    (refund,) = await shop.refunds(order.id)
    (payment,) = await shop.payments(order.id)
    assert (refund.idempotency_key, refund.amount_minor) == (str(payment.id), TOTAL)
    assert refunds_at_gateway(shop, payment_id) == [TOTAL]
    until(lambda: shop.at_gateway(f"payments/{payment_id}")["status"] == "refunded")
    await shop.reconcile(after=timedelta(hours=1))
    after = await shop.order(order.id)
    assert (after.status, after.payment_status) == ("expired", "refunded")
    assert await free_stock(shop) == 0
    told = await shop.topics(order.id)
    for once in (
        "payments.captured",
        "payments.late_payment_arrived",
        "payments.refund_requested",
        "payments.refund_processed",
    ):
        assert told.count(once) == 1, told
    assert "orders.confirmed" not in told


async def test_money_for_a_cancelled_order_goes_back_even_if_the_goods_are_there(
    shop: Shop,
) -> None:
    order, intent = await shop.payable()
    async with shop.database.transaction(shop.actor) as tx:
        await orders.cancel(tx, order.id, reason="Changed my mind", now=shop.now())
        await inventory.release(tx, order_id=order.id, reason="cancelled", now=shop.now())
    await shop.work()
    assert (await shop.intents(order.id))[0].status == "closed"
    payment_id = await pay_late(shop, order, intent)
    assert refunds_at_gateway(shop, payment_id) == [TOTAL]
    after = await shop.order(order.id)
    assert after.status == "cancelled"
    assert await free_stock(shop) == 50


async def test_money_that_a_cancellation_gave_back_already_is_not_given_back_again(
    shop: Shop,
) -> None:
    """The capture is known, its event is still on the way, and somebody cancels."""
    order, intent = await shop.payable()
    brought = shop.buy(intent)
    payment_id = brought["razorpay_payment_id"]
    shop.send_to_gateway(f"payments/{payment_id}/capture", {"amount": TOTAL, "currency": "INR"})
    async with shop.job.transaction() as tx:
        (fact,) = await shop.gateway.look_at_payment(payment_id, seen_at=shop.now())
        await payments.apply_fact(tx, fact, now=shop.now())
    async with shop.database.transaction(shop.actor) as tx:
        await orders.cancel(tx, order.id, reason="Changed my mind", now=shop.now())
        await payments.refund(
            tx, order_id=order.id, amount_minor=None, reason="Cancelled", now=shop.now()
        )
    await shop.work()
    assert refunds_at_gateway(shop, payment_id) == [TOTAL]
    assert len(await shop.refunds(order.id)) == 1


@pytest.mark.parametrize("goods_are_there", [True, False])
async def test_a_failure_authorised_the_next_day_is_revived_or_given_back_and_never_ignored(
    shop: Shop, goods_are_there: bool
) -> None:
    order, intent = await shop.payable()
    shop.checkout(str(intent.provider_order_id), method="late", late_seconds="86400")
    await shop.reconcile(after=timedelta(minutes=1))
    assert (await shop.payments(order.id))[0].status == "failed"
    await shop.expire(order.id)
    if not goods_are_there:
        await sell_out(shop)
    shop.sandbox.http.post("/sandbox/clock", json={"advance": "1d 1m"})
    path = f"orders/{intent.provider_order_id}/payments"
    until(lambda: shop.at_gateway(path)["items"][0]["status"] == "authorized")
    await shop.reconcile(after=timedelta(hours=24))
    (payment,) = await shop.payments(order.id)
    after = await shop.order(order.id)
    if goods_are_there:
        assert (after.status in GOING_OUT, payment.status) == (True, "captured")
    else:
        assert after.status == "expired"
        assert refunds_at_gateway(shop, payment.provider_payment_id) == [TOTAL]


async def test_browser_and_gateway_at_once_confirm_once(shop: Shop) -> None:
    order, intent = await shop.payable()
    brought = shop.buy(intent)
    payment_id = brought["razorpay_payment_id"]
    shop.send_to_gateway(f"payments/{payment_id}/capture", {"amount": TOTAL, "currency": "INR"})

    async def browser() -> None:
        async with shop.job.transaction() as tx:
            await payments.record_return(
                tx,
                shop.gateway,
                order_id=order.id,
                provider_payment_id=payment_id,
                signature=brought["razorpay_signature"],
                now=shop.now(),
            )

    await asyncio.gather(
        *(browser() for _ in range(5)), *(shop.reconcile() for _ in range(3)), shop.work()
    )
    await shop.reconcile(after=timedelta(minutes=1))
    told = await shop.topics(order.id)
    assert told.count("payments.captured") == 1
    assert told.count("orders.confirmed") == 1
    assert (await shop.order(order.id)).paid_minor == TOTAL


async def test_cash_at_the_door_is_a_payment_of_the_order(shop: Shop) -> None:
    order = await shop.place(method="cod")
    event = CashCollected(
        order_id=order.id,
        shipment_id=new_id(),
        delivery_id=new_id(),
        amount_minor=TOTAL,
        currency="INR",
        driver_id=new_id(),
    )
    async with shop.job.transaction() as tx:
        await tx.publish(event, event)
    await shop.work()
    (payment,) = await shop.payments(order.id)
    assert (payment.provider, payment.status, payment.captured_minor) == (
        "cash",
        "captured",
        TOTAL,
    )
    assert (await shop.order(order.id)).payment_status == "paid"
    async with shop.database.transaction(shop.actor) as tx:
        refund = await payments.refund_payment(
            tx, payment.id, amount_minor=None, reason="Broken", now=shop.now()
        )
    await shop.reconcile(after=timedelta(hours=1))
    assert (await shop.refunds(order.id))[0].status == "requested"
    async with shop.database.transaction(shop.actor) as tx:
        (raised,) = (
            await payments.list_exceptions(
                tx, is_open=True, kind=None, order_id=order.id, limit=5, cursor=None
            )
        ).items
        assert (raised.kind, raised.subject_id) == ("refund_by_hand", refund.id)
        await payments.resolve(
            tx, raised.id, action=raised.actions[-1], note="By UPI", now=shop.now()
        )
    await shop.work()
    assert (await shop.order(order.id)).payment_status == "refunded"


async def test_goods_of_an_order_whose_money_all_went_back_wait(shop: Shop) -> None:
    order, payment = await shop.captured()
    async with shop.database.transaction(shop.actor) as tx:
        await payments.refund_payment(
            tx, payment.id, amount_minor=None, reason="Goodwill", now=shop.now()
        )
    await shop.work()
    path = f"payments/{payment.provider_payment_id}"
    until(lambda: shop.at_gateway(path)["status"] == "refunded")
    await shop.reconcile(after=timedelta(minutes=10))
    after = await shop.order(order.id)
    assert (after.status in GOING_OUT, after.is_on_hold) == (True, True)
    assert after.hold_reason == "Everything paid was given back"
