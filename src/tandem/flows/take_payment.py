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
from tandem.contracts.shipping import ShipmentStatusChanged
from tandem.flows import late_payment
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.delivery import service as delivery
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.shipping import service as shipping

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
    """Where money is taken when the goods leave, the bank's word is enough to get them ready. An
    order that is over has it taken at once, and flows/late_payment decides as about any other."""
    order = await _note_sums(tx, event.order_id, now=now)
    if not await payments.is_captured_at_dispatch(tx):
        return
    secured = order.authorized_minor + order.paid_minor - order.refunded_minor
    if order.status == PENDING and secured >= order.total_minor:
        await orders.confirm(tx, order.id, now=now)
        await inventory.keep(tx, [order.id])
    elif order.status in OVER or order.fulfilment_status != "unfulfilled":
        await payments.capture_of_order(tx, order.id, now=now)


@subscribe(ShipmentStatusChanged, "take_payment.capture_at_dispatch")
async def capture_at_dispatch(tx: Tx, event: ShipmentStatusChanged, now: datetime) -> None:
    """The first parcel leaves: what the buyer's bank set aside is taken, all of it."""
    if event.status == "picked_up" and await payments.is_captured_at_dispatch(tx):
        await payments.capture_of_order(tx, event.order_id, now=now)


@subscribe(PaymentCaptured, "take_payment.settle")
async def settle(tx: Tx, event: PaymentCaptured, now: datetime) -> None:
    """Paid in full: a waiting order is confirmed and keeps its stock; one that is over is
    flows/late_payment's. Any other has been settled before, or is paid in part."""
    order = await _note_sums(tx, event.order_id, now=now)
    await _collect_less(tx, order, now=now)
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
    if event.kind != "auto_refunded":
        return
    order = await _note_sums(tx, event.order_id, now=now)
    secured = order.authorized_minor + order.paid_minor
    if order.payment_method == "prepaid" and secured < order.total_minor:
        await _hold(tx, order, reason="The bank took back what it had set aside", now=now)


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


async def _collect_less(tx: Tx, order: OrderSnapshot, *, now: datetime) -> None:
    """Paid by a link or a QR code while the parcel was going: the driver asks for no more than is
    left."""
    if order.payment_method != "cod" or order.status not in GOING_OUT:
        return
    due = max(0, order.total_minor - order.paid_minor)
    handed_over = [
        one.shipment_id
        for one in await delivery.list_of_order(tx, order.id)
        if one.closed_at is not None
    ]
    lowered = await shipping.lower_cash(
        tx, order_id=order.id, due_minor=due, handed_over=handed_over, now=now
    )
    for shipment in lowered:
        await delivery.lower_cash(tx, shipment_id=shipment.id, cod_minor=shipment.cod_minor)


async def _hold_what_was_refunded(tx: Tx, order: OrderSnapshot, *, now: datetime) -> None:
    """All of the money went back and the goods are still here: they wait until somebody says so."""
    if 0 < order.paid_minor <= order.refunded_minor:
        await _hold(tx, order, reason="Everything paid was given back", now=now)


async def _hold(tx: Tx, order: OrderSnapshot, *, reason: str, now: datetime) -> None:
    is_going_out = order.status in GOING_OUT and order.fulfilment_status == "unfulfilled"
    if is_going_out and not order.is_on_hold:
        await orders.hold(tx, order.id, reason=reason, now=now)


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
