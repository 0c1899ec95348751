"""A refund that does not go through opens a complaint, and closes it when it does."""

from datetime import timedelta
from uuid import UUID

from tandem.flows.complaints_rules import look_at_waiting_refunds
from tandem.scm.payments import service as payments
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint
from tests.payments.shop import TOTAL, Shop
from tests.waiting import until


async def complaints(shop: Shop, order_id: UUID) -> list[Complaint]:
    async with shop.database.transaction(shop.actor) as tx:
        return await support.list_of_order(tx, order_id)


async def test_a_refund_that_waits_five_days_opens_one_until_the_money_is_back(shop: Shop) -> None:
    order, payment = await shop.captured()
    async with shop.database.transaction(shop.actor) as tx:
        refund = await payments.refund_payment(
            tx, payment.id, amount_minor=None, reason="Damaged", now=shop.now()
        )
    for days, expected in ((4, []), (1, ["refund_stuck"]), (1, ["refund_stuck"])):
        shop.clock.moved += timedelta(days=days)
        await look_at_waiting_refunds(shop.job)
        assert [one.rule for one in await complaints(shop, order.id)] == expected
    [opened] = await complaints(shop, order.id)
    assert (opened.rule_subject, opened.queue, opened.status) == (refund.id, "money", "open")
    shop.clock.moved -= timedelta(days=6)
    await shop.work()
    path = f"payments/{payment.provider_payment_id}/refunds?count=100"
    until(lambda: all(r["status"] == "processed" for r in shop.at_gateway(path)["items"]))
    await shop.reconcile(after=timedelta(minutes=10))
    [settled] = await complaints(shop, order.id)
    assert settled.status == "closed"
    (after,) = await shop.payments(order.id)
    assert after.refunded_minor == TOTAL
