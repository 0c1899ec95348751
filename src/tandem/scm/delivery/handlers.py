"""Reactions: watchers hear of every status, a vehicle that sets out gets its first ETA, and what
became of a parcel elsewhere ends its delivery."""

from datetime import datetime

from tandem.contracts.delivery import DeliveryStatusChanged
from tandem.contracts.shipping import PromiseRevised, ShipmentCancelled, ShipmentStatusChanged
from tandem.kernel import broadcast, jobs
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.delivery.domain.live import CHANNEL, Changed, encode_changes
from tandem.scm.delivery.domain.statuses import ABOARD
from tandem.scm.delivery.service import opening, viewing
from tandem.scm.delivery.service.following import REFRESH_ETA


@subscribe(DeliveryStatusChanged, "delivery.tell_watchers")
async def tell_watchers(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    delivery = await viewing.get_delivery(tx, event.delivery_id)
    change = Changed(delivery_id=delivery.id, driver_id=delivery.driver_id, status=delivery.status)
    await broadcast.tell_in(tx, CHANNEL, encode_changes(tx.actor.org_id, [change]))


@subscribe(DeliveryStatusChanged, "delivery.refresh_etas")
async def refresh_etas(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    """Setting out, and every stop done, moves all the later ones."""
    delivery = await viewing.get_delivery(tx, event.delivery_id)
    is_moving = delivery.status in ABOARD or delivery.picked_up_at is not None
    if delivery.driver_id and is_moving:
        driver_id = str(delivery.driver_id)
        await jobs.enqueue(tx, REFRESH_ETA, dedupe=driver_id, driver_id=driver_id)


@subscribe(ShipmentCancelled, "delivery.cancel")
async def cancel(tx: Tx, event: ShipmentCancelled, now: datetime) -> None:
    await opening.cancel_delivery(
        tx, shipment_id=event.shipment_id, reason=event.reason[:200], now=now
    )


@subscribe(ShipmentStatusChanged, "delivery.follow_shipment")
async def follow_shipment(tx: Tx, event: ShipmentStatusChanged, now: datetime) -> None:
    await opening.follow_shipment(
        tx, shipment_id=event.shipment_id, status=event.status, at=event.occurred_at, now=now
    )


@subscribe(PromiseRevised, "delivery.expect")
async def expect(tx: Tx, event: PromiseRevised, now: datetime) -> None:
    delivery = await opening.expect(tx, shipment_id=event.shipment_id, on=event.current_on)
    if delivery is not None:
        change = Changed(delivery_id=delivery.id, driver_id=None, status=None)
        await broadcast.tell_in(tx, CHANNEL, encode_changes(tx.actor.org_id, [change]))
