"""A confirmed order becomes an invoice and a shipment.

Neither can fail the order: whatever refuses is tried again by the outbox, and parked for a person
in the end. The invoice comes first, for goods do not move without one (CGST Act s.31).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderChanged, OrderConfirmed, OrderSnapshot
from tandem.contracts.shipping import ShipmentItem
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.events import subscribe
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import NothingToShip, Shipment

MAY_SHIP = frozenset({"confirmed", "processing"})
OWN_FLEET = "own_fleet"
LINES_MAX = 200


class OrderNotShippable(Conflict):
    """The order is not confirmed, is over, or somebody holds it."""

    code = "order_not_shippable"


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order_line_id: UUID
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


@subscribe(OrderConfirmed, "fulfil_order.fulfil")
async def fulfil(tx: Tx, event: OrderConfirmed, now: datetime) -> None:
    await _fulfil(tx, event.order_id, now)


@subscribe(OrderChanged, "fulfil_order.resume")
async def resume(tx: Tx, event: OrderChanged, now: datetime) -> None:
    """An order that was held when it was confirmed goes on once it is released."""
    if event.what == "released":
        await _fulfil(tx, event.order_id, now)


async def _fulfil(tx: Tx, order_id: UUID, now: datetime) -> None:
    """What is done already is left as it is; an order cancelled in the meantime gets nothing."""
    order = await orders.lock_order(tx, order_id)
    if order.status not in MAY_SHIP:
        return
    if order.is_on_hold:
        await _document_refunded(tx, order, now)
        return
    await invoicing.issue_for_order(tx, order, now=now)
    try:
        await shipping.create_shipment(tx, order=order, items=None, now=now)
    except NothingToShip:
        return


async def _document_refunded(tx: Tx, order: OrderSnapshot, now: datetime) -> None:
    """Paid and given back before it came here: the sale and its undoing are on paper all the same,
    however close together they were told. The goods stay."""
    if order.paid_minor >= order.total_minor and order.refunded_minor:
        await invoicing.issue_for_order(tx, order, now=now)


async def ship(
    tx: Tx,
    order_id: UUID,
    *,
    wanted: Sequence[Wanted] | None,
    carrier: str = OWN_FLEET,
    now: datetime,
) -> Shipment:
    """Ship a part of an order by hand, or what is left of it, with a carrier of choice.

    Raises OrderNotShippable, NothingToShip, UnknownCarrier; Invalid for a line of another order.
    """
    order = await lock_shippable(tx, order_id)
    trusted = tx.with_all_grants()
    items = None if wanted is None else _items(order, wanted)
    await invoicing.issue_for_order(trusted, order, now=now)
    return await shipping.create_shipment(
        trusted, order=order, items=items, carrier=carrier, now=now
    )


async def lock_shippable(tx: Tx, order_id: UUID) -> OrderSnapshot:
    """The order, where the actor may ship of it. Raises OrderNotShippable."""
    tx.actor.require("shipping.write")
    order = await orders.lock_order(tx, order_id)
    tx.actor.require_with("shipping.write", order)
    if order.status not in MAY_SHIP or order.is_on_hold:
        state = "held" if order.is_on_hold else order.status
        raise OrderNotShippable(f"Order {order.number} is {state}: nothing of it can be shipped.")
    return order


def _items(order: OrderSnapshot, wanted: Sequence[Wanted]) -> list[ShipmentItem]:
    lines = {line.id: line for line in order.lines}
    quantities: dict[UUID, int] = {}
    for place, each in enumerate(wanted):
        if each.order_line_id not in lines:
            raise Invalid("This line is not of this order.", field=f"items[{place}].order_line_id")
        quantities[each.order_line_id] = quantities.get(each.order_line_id, 0) + each.quantity
    return [
        ShipmentItem(
            order_line_id=line_id,
            variant_id=lines[line_id].variant_id,
            sku=lines[line_id].sku,
            title=lines[line_id].title,
            quantity=quantity,
            weight_grams=lines[line_id].weight_grams,
        )
        for line_id, quantity in quantities.items()
    ]
