"""What orders do when others tell."""

from datetime import datetime

from tandem.contracts.shipping import ShipmentCreated
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.orders import service


@subscribe(ShipmentCreated, "orders.start_processing")
async def start_processing(tx: Tx, event: ShipmentCreated, now: datetime) -> None:
    await service.start_processing(tx, event.order_id, now=now)
