"""Money given back is a credit note, one for each refund; so is a sale that never was paid."""

from datetime import datetime

from tandem.contracts.orders import OrderCancelled
from tandem.contracts.payments import RefundProcessed
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments


@subscribe(RefundProcessed, "invoicing.credit_refund")
async def credit_refund(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    """Credit what the refund takes from the sale.

    A refund of more than the sale was worth (paid too much, and accepted) leaves the invoice as it
    is: what stays paid still covers it.
    """
    left = await invoicing.creditable(tx, event.order_id)
    if not left:
        return
    paid = await payments.totals(tx, event.order_id)
    still_paid = max(paid.captured_minor - event.refunded_minor, 0)
    amount = min(event.amount_minor, left - still_paid)
    if amount <= 0:
        return
    order = await orders.get_order(tx, event.order_id)
    await invoicing.credit_order(
        tx,
        order=order,
        amount_minor=amount,
        refund_id=event.refund_id,
        reason="Cancelled" if order.status == "cancelled" else "Refunded",
        now=now,
    )


@subscribe(OrderCancelled, "invoicing.credit_unpaid")
async def credit_unpaid(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    """A cancelled order that nobody has paid gets no refund, but its invoice has to go."""
    left = await invoicing.creditable(tx, event.order_id)
    paid = await payments.totals(tx, event.order_id)
    if left and paid.captured_minor <= paid.refunded_minor:
        order = await orders.get_order(tx, event.order_id)
        await invoicing.credit_order(
            tx, order=order, amount_minor=None, refund_id=None, reason="Cancelled", now=now
        )
