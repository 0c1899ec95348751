"""An order's moves along its lifecycle, each under its row's lock, each told of."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderCancelled, OrderExpired, OrderSnapshot
from tandem.kernel.db import Tx
from tandem.scm.orders.domain.axes import has_shipped, payment_status_of
from tandem.scm.orders.domain.lifecycle import Action, Status, check_move
from tandem.scm.orders.service.placing import changed, confirmed, told_when_placed
from tandem.scm.orders.service.reading import lock_order
from tandem.scm.orders.store import orders as store

SWEEP = 100


async def place_draft(
    tx: Tx, order_id: UUID, *, expires_at: datetime | None, promised_on: date | None, now: datetime
) -> OrderSnapshot:
    """A draft becomes an order: waiting for its payment until `expires_at`, else confirmed."""
    order = await lock_order(tx, order_id)
    target = Status.PENDING_PAYMENT if expires_at else Status.CONFIRMED
    check_move(Action.PLACE, Status(order.status), target)
    await store.place_draft(
        tx, order_id, status=target, expires_at=expires_at, promised_on=promised_on, now=now
    )
    placed = _with(
        order, status=target, expires_at=expires_at, promised_on=promised_on, placed_at=now
    )
    await tx.publish(*told_when_placed(placed))
    return placed


async def confirm(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    """Paid: from here the goods may move."""
    order = await lock_order(tx, order_id)
    check_move(Action.CONFIRM, Status(order.status), Status.CONFIRMED)
    return await _confirm(tx, order, now)


async def revive(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    """An expired order was paid late and its stock could be had again (flows/late_payment only)."""
    order = await lock_order(tx, order_id)
    check_move(Action.REVIVE, Status(order.status), Status.CONFIRMED)
    return await _confirm(tx, order, now)


async def cancel(tx: Tx, order_id: UUID, *, reason: str, now: datetime) -> OrderSnapshot:
    """Everything about the order is off. Refused from the moment anything has shipped.

    Stock, money, shipment and invoice are undone by flows/cancel_order.
    """
    tx.actor.require("orders.cancel")
    order = await lock_order(tx, order_id)
    tx.actor.require_with("orders.cancel", order)
    check_move(
        Action.CANCEL,
        Status(order.status),
        Status.CANCELLED,
        has_shipped=has_shipped(order.lines),
    )
    lines = [
        msgspec.structs.replace(line, quantity_cancelled=line.quantity) for line in order.lines
    ]
    cancelled = _with(order, status=Status.CANCELLED, expires_at=None, lines=lines)
    await store.set_quantities(tx, order_id, lines)
    await store.move(tx, cancelled, now)
    await tx.publish(OrderCancelled(order_id=order.id, number=order.number, reason=reason))
    return cancelled


async def expire_overdue(tx: Tx, *, now: datetime) -> list[UUID]:
    """Expire a bounded number of unpaid orders whose time is over; orders in work are passed by."""
    order_ids = await store.lock_overdue(tx, now, SWEEP)
    if not order_ids:
        return []
    expired = await store.expire_many(tx, order_ids, now)
    await tx.publish(
        *(OrderExpired(order_id=order_id, number=expired[order_id]) for order_id in order_ids)
    )
    return order_ids


async def record_payment(
    tx: Tx,
    *,
    order_id: UUID,
    paid_minor: int,
    refunded_minor: int,
    authorized_minor: int,
    now: datetime,
) -> OrderSnapshot:
    """The order's money as payments' ledger has it: everything captured, refunded, authorised.

    Told of only when the payment status changes.
    """
    before = await lock_order(tx, order_id)
    after = _with(
        before,
        paid_minor=paid_minor,
        refunded_minor=refunded_minor,
        authorized_minor=authorized_minor,
    )
    if after == msgspec.structs.replace(before, version=after.version):
        return before
    await store.set_sums(tx, after, now)
    if after.payment_status != before.payment_status:
        await tx.publish(changed(after, f"payment {after.payment_status}"))
    return after


async def _confirm(tx: Tx, order: OrderSnapshot, now: datetime) -> OrderSnapshot:
    after = _with(order, status=Status.CONFIRMED, expires_at=None)
    await store.move(tx, after, now)
    await tx.publish(confirmed(after))
    return after


def _with(order: OrderSnapshot, **changes: Any) -> OrderSnapshot:
    """The order with these changes, the payment axis that follows from them, one version on."""
    after = msgspec.structs.replace(order, **changes, version=order.version + 1)
    derived = payment_status_of(
        status=Status(after.status),
        total=after.total_minor,
        authorized=after.authorized_minor,
        paid=after.paid_minor,
        refunded=after.refunded_minor,
    )
    return msgspec.structs.replace(after, payment_status=derived)
