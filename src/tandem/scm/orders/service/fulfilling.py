"""What has left, arrived and come back of an order: quantities, and the status they add up to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderCompleted, OrderLine, OrderSnapshot
from tandem.contracts.shipping import ShipmentItem
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.scm.orders.domain.axes import fulfilment_status_of, is_all_delivered
from tandem.scm.orders.domain.lifecycle import Action, Status, check_move
from tandem.scm.orders.domain.refusals import MoreThanOrdered
from tandem.scm.orders.service.placing import changed
from tandem.scm.orders.service.reading import lock_order
from tandem.scm.orders.store import orders as store

Counted = Literal["quantity_shipped", "quantity_delivered", "quantity_returned"]


async def start_processing(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    """The warehouse has begun. Only a confirmed order moves; any other stays as it is."""
    order = await lock_order(tx, order_id)
    if order.status != Status.CONFIRMED:
        return order
    return await _save(tx, order, order.lines, Status.PROCESSING, "processing", now)


async def record_shipped(
    tx: Tx, *, order_id: UUID, items: Sequence[ShipmentItem], now: datetime
) -> OrderSnapshot:
    """Goods have left. A confirmed order is in processing from then on at the latest."""
    order = await lock_order(tx, order_id)
    if order.status != Status.PROCESSING:
        check_move(Action.PROCESS, Status(order.status), Status.PROCESSING)
    lines = _count(order, items, "quantity_shipped")
    return await _save(tx, order, lines, Status.PROCESSING, "shipped", now)


async def record_delivered(
    tx: Tx, *, order_id: UUID, items: Sequence[ShipmentItem], now: datetime
) -> OrderSnapshot:
    """Goods are with the buyer; with the last of them the order is completed."""
    order = await lock_order(tx, order_id)
    lines = _count(order, items, "quantity_delivered")
    if order.status == Status.PROCESSING and is_all_delivered(lines):
        check_move(Action.COMPLETE, Status(order.status), Status.COMPLETED)
        return await _save(tx, order, lines, Status.COMPLETED, "delivered", now)
    return await _save(tx, order, lines, Status(order.status), "delivered in part", now)


async def record_returned(
    tx: Tx, *, order_id: UUID, items: Sequence[ShipmentItem], now: datetime
) -> OrderSnapshot:
    """Shipped goods are back."""
    order = await lock_order(tx, order_id)
    lines = _count(order, items, "quantity_returned")
    return await _save(tx, order, lines, Status(order.status), "returned", now)


async def _save(
    tx: Tx,
    order: OrderSnapshot,
    lines: list[OrderLine],
    status: Status,
    what: str,
    now: datetime,
) -> OrderSnapshot:
    after = msgspec.structs.replace(
        order,
        lines=lines,
        status=status,
        fulfilment_status=fulfilment_status_of(lines),
        version=order.version + 1,
    )
    if lines is not order.lines:
        await store.set_quantities(tx, order.id, lines)
    await store.move(tx, after, now)
    events: list[Event] = [changed(after, what)]
    if status is Status.COMPLETED:
        events.append(OrderCompleted(order_id=order.id, number=order.number))
    await tx.publish(*events)
    return after


def _count(order: OrderSnapshot, items: Sequence[ShipmentItem], name: Counted) -> list[OrderLine]:
    """The order's lines with the items' quantities added to one of their counts."""
    added: dict[UUID, int] = {}
    for item in items:
        added[item.order_line_id] = added.get(item.order_line_id, 0) + item.quantity
    lines = [
        msgspec.structs.replace(line, **{name: getattr(line, name) + added.pop(line.id, 0)})
        for line in order.lines
    ]
    for line in lines:
        most = (
            line.quantity - line.quantity_cancelled
            if name == "quantity_shipped"
            else line.quantity_shipped
        )
        if getattr(line, name) > most:
            raise MoreThanOrdered(
                f"Line {line.line_no} ({line.sku}) has only {most} to count.", sku=line.sku
            )
    if added:
        raise MoreThanOrdered("An item belongs to no line of this order.")
    return lines
