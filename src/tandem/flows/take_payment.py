"""From the order to its money: ask for it, and let the order follow what payments' ledger says.

Payments decides what counts; orders is told the sums, whole and not as differences, so that events
may come in any order and more than once.
"""

from datetime import datetime
from uuid import UUID

from tandem.contracts.delivery import CashCollected
from tandem.contracts.orders import OrderPlaced, OrderSnapshot
from tandem.contracts.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentExceptionRaised,
    RefundProcessed,
)
from tandem.flows import late_payment
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments

PENDING = "pending_payment"
OVER = frozenset({"expired", "cancelled"})
GOING_OUT = frozenset({"confirmed", "processing"})


@subscribe(OrderPlaced, "take_payment.ask")
async def ask(tx: Tx, event: OrderPlaced, now: datetime) -> None:
    """An order to be paid in advance gets a payment request; its gateway order follows by a job."""
    if event.payment_method != "prepaid" or event.total_minor <= 0:
        return
    order = await orders.get_order(tx, event.order_id)
    if order.status == PENDING:
        await payments.open_intent(tx, order=order, now=now)


@subscribe(PaymentAuthorized, "take_payment.note_authorized")
async def note_authorized(tx: Tx, event: PaymentAuthorized, now: datetime) -> None:
    await _note_sums(tx, event.order_id, now=now)


@subscribe(PaymentCaptured, "take_payment.settle")
async def settle(tx: Tx, event: PaymentCaptured, now: datetime) -> None:
    """Paid in full: a waiting order is confirmed and keeps its stock; one that is over is
    flows/late_payment's. Any other has been settled before, or is paid in part."""
    order = await _note_sums(tx, event.order_id, now=now)
    if order.status in OVER:
        await late_payment.settle(tx, order, event, now=now)
    elif order.status == PENDING and event.captured_minor >= order.total_minor:
        confirmed = await orders.confirm(tx, order.id, now=now)
        await inventory.keep(tx, [order.id])
        await _hold_what_was_refunded(tx, confirmed, now=now)


@subscribe(RefundProcessed, "take_payment.note_refund")
async def note_refund(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    order = await _note_sums(tx, event.order_id, now=now)
    await _hold_what_was_refunded(tx, order, now=now)


@subscribe(PaymentExceptionRaised, "take_payment.note_given_back")
async def note_given_back(tx: Tx, event: PaymentExceptionRaised, now: datetime) -> None:
    """The gateway gave back what nobody captured: the order is no longer authorised."""
    if event.kind == "auto_refunded":
        await _note_sums(tx, event.order_id, now=now)


@subscribe(CashCollected, "take_payment.record_cash")
async def record_cash(tx: Tx, event: CashCollected, now: datetime) -> None:
    order = await orders.get_order(tx, event.order_id)
    await payments.record_cash(
        tx,
        order_id=order.id,
        order_number=order.number,
        delivery_id=event.delivery_id,
        amount_minor=event.amount_minor,
        currency=event.currency,
        now=now,
    )


async def _hold_what_was_refunded(tx: Tx, order: OrderSnapshot, *, now: datetime) -> None:
    """All of the money went back and the goods are still here: they wait until somebody says so."""
    is_going_out = order.status in GOING_OUT and order.fulfilment_status == "unfulfilled"
    if is_going_out and not order.is_on_hold and 0 < order.paid_minor <= order.refunded_minor:
        await orders.hold(tx, order.id, reason="Everything paid was given back", now=now)


async def _note_sums(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    """The order is locked before the sums are read, so that the last one to write is right."""
    await orders.lock_order(tx, order_id)
    sums = await payments.totals(tx, order_id)
    return await orders.record_payment(
        tx,
        order_id=order_id,
        paid_minor=sums.captured_minor,
        refunded_minor=sums.refunded_minor,
        authorized_minor=sums.authorized_minor,
        now=now,
    )
