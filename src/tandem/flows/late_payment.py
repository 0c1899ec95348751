"""Money that comes when its order is over (spec O12): the order lives again if its goods can still
be had, else the money goes back, once. Never silently: either way the buyer is told."""

from datetime import datetime

from tandem.contracts.inventory import Demand, Hold
from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.payments import LatePaymentArrived, PaymentCaptured
from tandem.kernel.db import Tx
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments

REASON = "Paid too late"


async def settle(tx: Tx, order: OrderSnapshot, event: PaymentCaptured, *, now: datetime) -> None:
    """`order` is locked, knows its sums, and is expired or cancelled. A cancelled order stays
    cancelled: somebody decided that."""
    is_paid = order.paid_minor - order.refunded_minor >= order.total_minor
    if order.status == "expired" and is_paid and await _has_goods_again(tx, order, now=now):
        await orders.revive(tx, order.id, now=now)
        outcome = "revived"
    else:
        await payments.refund(
            tx,
            order_id=order.id,
            amount_minor=None,
            reason=REASON,
            now=now,
            payment_id=event.payment_id,
            key=str(event.payment_id),
        )
        outcome = "refunded"
    await tx.publish(
        LatePaymentArrived(
            order_id=order.id,
            payment_id=event.payment_id,
            outcome=outcome,
            amount_minor=event.amount_minor,
            currency=event.currency,
        )
    )


async def _has_goods_again(tx: Tx, order: OrderSnapshot, *, now: datetime) -> bool:
    """Hold everything anew, for good; or nothing. What the order may still hold goes back first."""
    await inventory.release(tx, order_id=order.id, reason="expired", now=now)
    demands = [
        Demand(variant_id=line.variant_id, sku=line.sku, quantity=line.quantity)
        for line in order.lines
    ]
    hold = Hold(order_id=order.id, demands=demands, held_until=None)
    (refusal,) = await inventory.reserve(tx, [hold], now=now)
    return refusal is None
