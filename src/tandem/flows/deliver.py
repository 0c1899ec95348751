"""From a packed parcel to a completed order: what each step at the wheel means for everybody else.

Shipping learns of every step as a scan of our own fleet. What a shipment's scans say together then
decides about stock and order, whichever carrier they came from: picked up takes the goods off the
shelf, delivered completes the order, brought back puts them on the shelf again.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from tandem.contracts.delivery import DeliveryStatusChanged
from tandem.contracts.inventory import Demand
from tandem.contracts.shipping import (
    ReattemptRequested,
    ShipmentItem,
    ShipmentReady,
    ShipmentStatusChanged,
)
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.statuses import ScanStatus

OWN_FLEET = "own_fleet"

SCANS: Mapping[Status, ScanStatus] = {
    Status.PICKED_UP: ScanStatus.PICKED_UP,
    Status.EN_ROUTE: ScanStatus.OUT_FOR_DELIVERY,
    Status.DELIVERED: ScanStatus.DELIVERED,
    Status.FAILED: ScanStatus.DELIVERY_FAILED,
    Status.RETURNING: ScanStatus.RETURN_TO_SENDER,
    Status.RETURNED: ScanStatus.RETURNED_TO_SENDER,
}
"""The rest of a driver's steps (accepted, arriving, at the door) are no carrier's business."""


@subscribe(ShipmentReady, "deliver.open")
async def open_delivery(tx: Tx, event: ShipmentReady, now: datetime) -> None:
    """A parcel of our own fleet waits for its driver."""
    if event.carrier != OWN_FLEET:
        return
    order = await orders.get_order(tx, event.order_id)
    await delivery.open_delivery(tx, event=event, order_number=order.number, now=now)


@subscribe(DeliveryStatusChanged, "deliver.scan")
async def scan(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    status = Status(event.status)
    if status not in SCANS:
        return
    told = SCANS[status]
    if status is Status.FAILED and not await _has_left(tx, event):
        # Nobody stood at the door: the parcel is late, it was not tried in vain.
        told = ScanStatus.DELIVERY_DELAYED
    await shipping.record_scan(
        tx,
        shipment_id=event.shipment_id,
        status=told,
        occurred_at=event.occurred_at,
        code=event.status,
        reason=event.reason.partition(":")[0].strip()[:60],
        source=OWN_FLEET,
        now=now,
    )


@subscribe(DeliveryStatusChanged, "deliver.expect")
async def expect(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    """Another attempt on a day of its own is what the buyer is told now."""
    if event.status != Status.REATTEMPT_SCHEDULED:
        return
    planned = await delivery.get_delivery(tx, event.delivery_id)
    if planned.status is Status.REATTEMPT_SCHEDULED and planned.next_attempt_on:
        await shipping.follow_attempt(
            tx, shipment_id=event.shipment_id, on=planned.next_attempt_on, now=now
        )


@subscribe(ReattemptRequested, "deliver.try_again")
async def try_again(tx: Tx, event: ReattemptRequested, now: datetime) -> None:
    """Our own fleet plans what somebody decided; a parcel that went on meanwhile is left alone.

    What is asked for by itself waits at the desk: only there is known where parcel and driver are.
    """
    if event.is_automatic:
        return
    opened = await delivery.list_of_order(tx, event.order_id)
    planned = next((one for one in opened if one.shipment_id == event.shipment_id), None)
    if planned is None or planned.status not in {Status.FAILED, Status.REATTEMPT_SCHEDULED}:
        return
    today = now.astimezone(ZoneInfo(await find_zone(tx))).date()
    on = event.on if event.on >= today else None  # told late: as soon as it can be
    await delivery.schedule_reattempt(tx, planned.id, on=on, reason=event.reason, now=now)


@subscribe(ShipmentStatusChanged, "deliver.count")
async def count(tx: Tx, event: ShipmentStatusChanged, now: datetime) -> None:
    """Goods that left, arrived or came back, on the shelf and in the order."""
    if event.status == "picked_up":
        await inventory.commit(
            tx,
            order_id=event.order_id,
            shipment_id=event.shipment_id,
            items=_demands(event.items),
            now=now,
        )
        await orders.record_shipped(tx, order_id=event.order_id, items=event.items, now=now)
    elif event.status == "delivered":
        await orders.record_delivered(tx, order_id=event.order_id, items=event.items, now=now)
    elif event.status == "rto_delivered":
        await inventory.restock(
            tx,
            order_id=event.order_id,
            items=_demands(event.items),
            reason="returned to the hub undelivered",
            now=now,
        )
        await orders.record_returned(tx, order_id=event.order_id, items=event.items, now=now)


async def _has_left(tx: Tx, event: DeliveryStatusChanged) -> bool:
    return (await delivery.get_delivery(tx, event.delivery_id)).was_picked_up


def _demands(items: list[ShipmentItem]) -> list[Demand]:
    return [
        Demand(variant_id=item.variant_id, sku=item.sku, quantity=item.quantity) for item in items
    ]
