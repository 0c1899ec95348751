"""A promise told anew, and a status told: what several verbs have in common."""

from datetime import date, datetime

import msgspec

from tandem.contracts.shipping import PromiseRevised, ShipmentStatusChanged
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import Status
from tandem.scm.shipping.store import shipments as store


def status_changed(shipment: Shipment, status: Status, at: datetime) -> ShipmentStatusChanged:
    return ShipmentStatusChanged(
        order_id=shipment.order_id,
        shipment_id=shipment.id,
        number=shipment.number,
        status=status,
        occurred_at=at,
        items=shipment.items,
    )


async def revise(
    tx: Tx, shipment: Shipment, day: date, cause: str, now: datetime
) -> tuple[Shipment, list[Event]]:
    """A new current promise with its cause, and what to tell; none where the day is the same.

    The caller saves the shipment. The first promise stays.
    """
    if day == shipment.promised_on or shipment.promised_first_on is None:
        return shipment, []
    await store.add_revision(tx, shipment.id, day, cause, now)
    revised = msgspec.structs.replace(shipment, promised_on=day)
    event = PromiseRevised(
        order_id=shipment.order_id,
        shipment_id=shipment.id,
        number=shipment.number,
        first_on=shipment.promised_first_on,
        current_on=day,
        cause=cause,
    )
    return revised, [event]
