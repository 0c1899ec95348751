"""Money given back is a credit note, one for each refund; so is a sale that never was paid."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import OrderCancelled
from tandem.contracts.payments import RefundProcessed
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments


@subscribe(RefundProcessed, "invoicing.credit_refund")
async def credit_refund(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    await _credit(
        tx,
        event.order_id,
        refund_id=event.refund_id,
        amount_minor=event.amount_minor,
        refunded_minor=event.refunded_minor,
        now=now,
    )


@subscribe(InvoiceIssued, "invoicing.credit_earlier_refunds")
async def credit_earlier_refunds(tx: Tx, event: InvoiceIssued, now: datetime) -> None:
    """Refunds that were told before there was an invoice found nothing to credit."""
    refunded = 0
    for refund in await payments.list_gone_refunds(tx, event.order_id):
        refunded += refund.amount_minor
        await _credit(
            tx,
            event.order_id,
            refund_id=refund.id,
            amount_minor=refund.amount_minor,
            refunded_minor=refunded,
            now=now,
        )


async def _credit(
    tx: Tx,
    order_id: UUID,
    *,
    refund_id: UUID,
    amount_minor: int,
    refunded_minor: int,
    now: datetime,
) -> None:
    """Credit what the refund takes from the sale.

    A refund of more than the sale was worth (paid too much, and accepted) leaves the invoice as it
    is: what stays paid still covers it.
    """
    left = await invoicing.creditable(tx, order_id)
    if not left:
        return
    paid = await payments.totals(tx, order_id)
    still_paid = max(paid.captured_minor - refunded_minor, 0)
    amount = min(amount_minor, left - still_paid)
    if amount <= 0:
        return
    order = await orders.get_order(tx, order_id)
    await invoicing.credit_order(
        tx,
        order=order,
        amount_minor=amount,
        refund_id=refund_id,
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
