"""Cash at the door that shrinks: the buyer paid by a link or a QR code meanwhile."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.shipping import CashToCollectLowered
from tandem.kernel.db import Tx
from tandem.scm.shipping.domain.packing import lowered_cash
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.service.creating import OWN_FLEET
from tandem.scm.shipping.store import shipments as store


async def lower_cash(
    tx: Tx, *, order_id: UUID, due_minor: int, handed_over: Collection[UUID] = (), now: datetime
) -> list[Shipment]:
    """Collect no more than `due_minor` with all that is still going; which shipments changed.

    Never raised, and only with our own fleet: another carrier was told its sum when it was booked.
    """
    tx.actor.require("shipping.write")
    ids = [shipment.id for shipment in await store.list_of_order(tx, order_id)]
    shipments = await store.lock_many(tx, ids)
    changed = [
        msgspec.structs.replace(shipment, cod_minor=cod_minor)
        for shipment, cod_minor in lowered_cash(
            shipments, due_minor, carrier=OWN_FLEET, handed_over=handed_over
        )
    ]
    for shipment in changed:
        await store.lower_cash(tx, shipment.id, shipment.cod_minor, now)
        await tx.publish(
            CashToCollectLowered(
                order_id=order_id,
                shipment_id=shipment.id,
                number=shipment.number,
                cod_minor=shipment.cod_minor,
                currency=shipment.currency,
            )
        )
    return changed
